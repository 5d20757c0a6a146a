/** What the API answers, as schemas: checked, documented in OpenAPI, and the only fields that leave. */
import { Type } from 'typebox';

const orNull = <const T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const text = (description?: string) => Type.String(description === undefined ? {} : { description });
const oneOf = <const T extends string>(values: readonly T[], description?: string) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...(description === undefined ? {} : { description }) });

export const statuses = ['pending', 'queued', 'running', 'completed', 'abstained', 'failed', 'cancelled'] as const;
const instant = orNull(Type.String({ description: 'ISO 8601, UTC.' }));

const ModelOfJobSchema = Type.Object({
  name: text(),
  version: orNull(text()),
  digest: orNull(text('Of the model file that made the result.')),
  title: orNull(text()),
  kind: orNull(text('diagnosis or risk')),
  demonstration: orNull(Type.Boolean({ description: 'True: not for care of patients.' })),
});

const EvidenceSchema = Type.Object({
  method: text(),
  space: text('Where the values add up: base value + sum of values = margin.'),
  baseValue: Type.Number(),
  inputs: Type.Array(Type.Object({ name: text(), unit: orNull(text()), value: Type.Number() }), {
    description: 'What each input contributed, strongest first.',
  }),
});

const ReviewSchema = Type.Object(
  {
    status: oneOf(['pending', 'approved', 'rejected']),
    by: orNull(text('Subject of the reviewer’s token.')),
    role: orNull(text()),
    at: instant,
    comment: orNull(text()),
    heldBecause: orNull(
      oneOf(['patient_merged'], 'The record of the patient was merged while the analysis was under way: see whom it is about.'),
    ),
  },
  { description: 'Of the current result; null while there is none.' },
);

const ReleasedSchema = Type.Object(
  {
    generation: Type.Integer(),
    attempt: Type.Integer(),
    modelVersion: orNull(text()),
    modelDigest: orNull(text()),
    prediction: orNull(Type.Object({ label: text(), probability: Type.Number(), margin: orNull(Type.Number()) })),
    by: text(),
    at: instant,
  },
  { description: 'The newest approved result, also while a newer one waits for review; null when none is approved.' },
);

export const subjectKinds = ['patient', 'order', 'observation', 'analysis'] as const;
export const outcomes = ['delivered', 'rejected', 'needs_review', 'held'] as const;

const DeliverySchema = Type.Object({
  target: text('fhir or lis'),
  subjectKind: oneOf(subjectKinds),
  subjectId: text('Patient key, order id, observation id or job id.'),
  patientKey: orNull(text()),
  outcome: oneOf(outcomes, '*held*: not released yet. *needs_review*: only a person can say what became of it.'),
  revision: Type.Integer({ description: 'Grows with every outcome.' }),
  contentDigest: orNull(text()),
  remoteId: orNull(text()),
  remoteVersion: orNull(text()),
  acknowledgement: orNull(text('MSA-1 or the HTTP status.')),
  code: orNull(text('Error code, or why it is held.')),
  attempts: Type.Integer(),
  subjectVersion: Type.Integer(),
  changedAt: instant,
  at: instant,
});

export const DeliveryPageSchema = Type.Object({
  items: Type.Array(DeliverySchema),
  next: orNull(text('Pass as `cursor` for the next page; null on the last.')),
});

const deliveriesOfSubject = Type.Optional(
  Type.Array(DeliverySchema, { description: 'Where it stands in each target; left out in lists of analyses.' }),
);

export const RedeliveryAcceptedSchema = Type.Object({
  dryRun: Type.Boolean(),
  count: Type.Integer({ description: 'Subjects asked for, or that would be.' }),
  items: Type.Array(DeliverySchema, { description: 'The first of them, as they stand.' }),
});

export const alertKinds = ['critical_value', 'cancel_refused', 'specimen_rejected', 'delivery'] as const;
export const alertStatuses = ['open', 'acknowledged'] as const;

export const AlertPageSchema = Type.Object({
  items: Type.Array(
    Type.Object({
      alertId: text(),
      patientKey: text(),
      kind: text(),
      subjectKind: text(),
      subjectId: text(),
      status: oneOf(alertStatuses),
      level: Type.Integer({ description: 'How often it was escalated.' }),
      superseded: Type.Boolean({ description: 'What raised it no longer holds; it still waits to be seen.' }),
      raisedAt: instant,
      acknowledgedBy: orNull(text()),
      acknowledgedAt: instant,
      version: Type.Integer(),
    }),
  ),
  next: orNull(text('Pass as `cursor` for the next page; null on the last.')),
});

export const AcceptedSchema = Type.Object({
  id: text(),
  position: text('Where in the log it stands: pass it back to see it taken into account.'),
  links: Type.Object({ self: text() }),
});

export const AnalysisSchema = Type.Object(
  {
    jobId: text(),
    status: oneOf(statuses, '*pending*: accepted, but not read from the log yet.'),
    version: Type.Integer({ description: 'Grows with every change one can see here; also the ETag.' }),
    patientKey: orNull(text()),
    model: orNull(ModelOfJobSchema),
    priority: text(),
    orderId: orNull(text()),
    requestedBy: orNull(text()),
    generation: Type.Integer(),
    attempt: Type.Integer(),
    progress: orNull(Type.Object({ stage: orNull(text()), percent: Type.Integer() })),
    prediction: orNull(
      Type.Object({
        label: text(),
        probability: Type.Number({ description: '0..1, of the positive class.' }),
        margin: orNull(Type.Number()),
      }),
    ),
    evidence: orNull(EvidenceSchema),
    reasons: Type.Array(text(), { description: 'Why the model abstained, as codes.' }),
    failure: orNull(Type.Object({ code: text(), input: orNull(text()) })),
    inputObservations: Type.Array(text(), { description: 'Laboratory results the inputs came from.' }),
    stale: Type.Boolean({
      description: 'An input was corrected after the analysis was requested, or is withdrawn: it cannot be approved.',
    }),
    staleInputs: Type.Array(text(), { description: 'Which of inputObservations.' }),
    review: orNull(ReviewSchema),
    released: orNull(ReleasedSchema),
    deliveries: deliveriesOfSubject,
    requestedAt: instant,
    startedAt: instant,
    endedAt: instant,
  },
  { description: 'One AI analysis.' },
);

export const AnalysisPageSchema = Type.Object({
  items: Type.Array(AnalysisSchema),
  next: orNull(text('Pass as `cursor` for the next page; null on the last.')),
});

const CodeSchema = Type.Object({ code: text(), system: text(), display: orNull(text()) });

export const OrderSchema = Type.Object({
  orderId: text(),
  status: oneOf(
    ['pending', 'active', 'cancel_requested', 'completed', 'cancelled'],
    '*pending*: named by a later message, never placed; or, at version 0, not read from the log yet.',
  ),
  version: Type.Integer(),
  patientKey: orNull(text()),
  placerNumber: orNull(text()),
  placerAuthority: orNull(text()),
  fillerNumber: orNull(text()),
  kind: text(),
  priority: text(),
  code: orNull(CodeSchema),
  note: orNull(text()),
  requestedBy: orNull(text()),
  requestedAt: instant,
  analysisJobId: orNull(text()),
  cancelRefused: Type.Boolean({ description: 'The laboratory refused to cancel it: it still stands.' }),
  specimen: orNull(
    Type.Object({ id: orNull(text()), code: orNull(CodeSchema), collectedAt: orNull(text('As precise as it was sent.')) }),
  ),
  orderingProvider: orNull(Type.Object({ id: text(), authority: orNull(text()) })),
  parentOrderId: orNull(text('The order this one was added to.')),
  specimenRejectedAt: instant,
  specimenRejectReasons: Type.Array(text(), {
    description: 'Why the laboratory could not use the specimen: HL7 table 0490 codes.',
  }),
  deliveries: deliveriesOfSubject,
  conflicting: Type.Boolean({
    description: 'Another order came under the same placer number with other content and was refused.',
  }),
});

export const ObservationSchema = Type.Object({
  observationId: text(),
  status: text('FHIR observation status.'),
  version: Type.Integer(),
  patientKey: text(),
  orderId: orNull(text()),
  orderStatus: orNull(text('Of that order. *unknown*: nobody ever placed it here; *cancelled*: the result came all the same.')),
  code: CodeSchema,
  subId: orNull(text()),
  value: Type.Object({
    numeric: orNull(Type.Number()),
    comparator: orNull(text()),
    text: orNull(text()),
    unit: orNull(text()),
  }),
  abnormalFlag: orNull(text()),
  referenceRange: orNull(text()),
  effectiveAt: orNull(text('As precise as it was sent.')),
  deliveries: deliveriesOfSubject,
});

export const PatientSchema = Type.Object({
  patientKey: text(),
  familyName: orNull(text()),
  givenName: orNull(text()),
  birthDate: orNull(text('As precise as it was sent.')),
  sex: orNull(text()),
  mergedInto: orNull(text('This record is retired; its history goes on under that key.')),
});

export const TimelineSchema = Type.Object({
  patientKey: text('As asked for.'),
  survivor: text('The key that stands after all merges; the same when there were none.'),
  merged: Type.Boolean({ description: 'The history below comes from more than one record.' }),
  patients: Type.Array(PatientSchema, { description: 'All records whose history is shown, the survivor among them.' }),
  items: Type.Array(
    Type.Object({
      kind: oneOf(['analysis', 'order', 'observation']),
      at: instant,
      patientKey: text('The record this was filed under.'),
      analysis: Type.Optional(AnalysisSchema),
      order: Type.Optional(OrderSchema),
      observation: Type.Optional(ObservationSchema),
    }),
  ),
  next: orNull(text()),
});

export const QueuesSchema = Type.Object({
  lanes: Type.Array(
    Type.Object({
      lane: text(),
      waiting: Type.Integer(),
      running: Type.Integer({ description: 'Jobs that reported progress and have not ended; quick ones never do.' }),
      oldestWaitingSeconds: orNull(Type.Integer({ minimum: 0 })),
    }),
  ),
});

export const ModelsSchema = Type.Object({
  models: Type.Array(
    Type.Object({
      name: text(),
      version: text(),
      title: text(),
      kind: text(),
      demonstration: Type.Boolean(),
      digest: text(),
      inputs: Type.Array(
        Type.Object({
          name: text(),
          unit: text(),
          minimum: Type.Number(),
          maximum: Type.Number(),
          required: Type.Boolean(),
          codes: Type.Array(Type.Object({ system: text(), code: text() })),
        }),
      ),
      outputs: Type.Object({ positive: text(), negative: text(), threshold: Type.Number() }),
      evidence: Type.Object({ method: orNull(text()), byDefault: Type.Boolean() }),
      orderCodes: Type.Array(Type.Object({ system: text(), code: text() })),
      population: Type.Object({
        minimumAgeYears: orNull(Type.Integer()),
        maximumAgeYears: orNull(Type.Integer()),
        sexes: orNull(Type.Array(text())),
      }),
      licence: text(),
    }),
  ),
});

const MessageSchema = Type.Object({
  messageId: text(),
  listener: text(),
  sendingApplication: text(),
  sendingFacility: text(),
  controlId: text(),
  messageType: text(),
  patientKey: orNull(text()),
  digest: text(),
  byteLength: Type.Integer(),
  acknowledgement: text('HL7 table 0008: what was answered.'),
  errorCode: orNull(text()),
  receivedAt: instant,
  reusedControlId: Type.Boolean({ description: 'The same sender used this control id for other content as well.' }),
  links: Type.Object({ raw: text() }),
});
export const MessagesSchema = Type.Object({ items: Type.Array(MessageSchema) });
