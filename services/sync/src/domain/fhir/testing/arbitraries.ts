/** Test only. Whatever may have happened to one patient, with whatever texts, as it may be rendered. */
import {
  type AnalysisEvent,
  type ObservationEvent,
  type ObservationStatus,
  type OrderEvent,
  reduceAnalysis,
  reduceObservation,
  reduceOrder,
} from '@clinstream/contracts';
import fc from 'fast-check';
import { fold } from '../../../../../../schemas/test/deliveries.ts';
import type { Subject } from '../../subject.ts';
import type { RenderContext } from '../types.ts';
import {
  at,
  type ContextChange,
  canary,
  context,
  ended,
  models,
  observationEvent,
  order,
  orderEvent,
  patient,
  requested,
  reviewed,
} from './states.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', ' ', canary.residentNumber, '<b>', '음성', '\u0000'),
);
const orNull = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null });
const version = fc.integer({ min: 1, max: 9 }).map(at);

const orderTypes = [
  'OrderPlaced',
  'OrderAmended',
  'OrderCancelRequested',
  'OrderCancelRefused',
  'OrderCancelled',
  'OrderCompleted',
  'OrderSpecimenRejected',
] as const;
export const orderEvents: fc.Arbitrary<OrderEvent[]> = fc.array(
  fc
    .record({
      type: fc.constantFrom(...orderTypes),
      sourceVersion: version,
      kind: fc.constantFrom('laboratory', 'imaging', 'medication', 'ai_analysis', 'unknown'),
      priority: fc.constantFrom('unknown', 'routine', 'urgent', 'asap', 'stat'),
      code: fc.record({ code: text, system: text, display: orNull(text) }),
      note: orNull(text),
      fillerNumber: orNull(text),
      specimen: orNull(
        fc.record({
          id: orNull(text),
          code: orNull(fc.record({ code: text, system: text, display: orNull(text) })),
          collectedAt: orNull(text),
        }),
      ),
      orderingProvider: orNull(fc.record({ id: text, authority: orNull(text) })),
      specimenRejectReasons: fc.array(text, { maxLength: 2 }),
      contentDigest: fc.constantFrom('a', 'b'),
    })
    .map((change) => orderEvent(change)),
  { minLength: 1, maxLength: 6 },
);

const observationStatuses: readonly ObservationStatus[] = [
  'unknown',
  'registered',
  'preliminary',
  'final',
  'amended',
  'corrected',
  'cancelled',
  'entered_in_error',
];
/** Never one whose digits read like the year that must not be told: a laboratory may measure it, and nobody can tell the two apart. */
const birthYear = canary.demographics.birthDate.slice(0, 4);
const measured = fc.double().filter((number) => !String(number).includes(birthYear));

export const observationEvents: fc.Arbitrary<ObservationEvent[]> = fc.array(
  fc
    .record({
      sourceVersion: version,
      status: fc.constantFrom(...observationStatuses),
      orderId: fc.constantFrom(null, 'order-1'),
      code: fc.record({ code: text, system: text, display: orNull(text) }),
      value: fc.record({
        numeric: orNull(measured),
        comparator: orNull(fc.oneof(text, fc.constantFrom('<', '>='))),
        text: orNull(text),
        unit: orNull(text),
      }),
      abnormalFlag: orNull(fc.oneof(text, fc.constantFrom('L', 'HH', '__proto__', 'toString'))),
      referenceRange: orNull(fc.oneof(text, fc.constantFrom('1-5', '<5'))),
      effectiveAt: orNull(fc.oneof(text, fc.constant('2026-11-20T08:50+09:00'))),
    })
    .map((change) => observationEvent(change)),
  { minLength: 1, maxLength: 4 },
);

const run = fc.record({ generation: fc.integer({ min: 1, max: 3 }), attempt: fc.integer({ min: 1, max: 2 }) });
/** Of one run there is one end, whenever it is told. */
const endOf = (model: string, { generation, attempt }: { readonly generation: number; readonly attempt: number }) => {
  const hasFailed = attempt === 2 && generation === 2;
  const shared = { generation, attempt, model, startedAt: at(10 * generation + 1), endedAt: at(10 * generation + 1 + attempt) };
  if (hasFailed)
    return ended({
      ...shared,
      type: 'AnalysisFailed',
      prediction: null,
      evidence: null,
      failure: { code: 'MODEL_TIMEOUT', input: null },
    });
  return ended({
    ...shared,
    prediction: { label: generation === 2 ? 'benign' : 'malignant', probability: generation / 7, margin: null },
    ...(attempt === 2 ? { evidence: null } : {}),
  });
};
/** A job's model is the same in all its events. */
export const analysisEvents: fc.Arbitrary<AnalysisEvent[]> = fc.constantFrom(...models.map(({ name }) => name)).chain((model) =>
  fc.array(
    fc.oneof(
      fc
        .integer({ min: 1, max: 3 })
        .map((generation) => requested({ generation, model, orderId: 'order-1', requestedAt: at(10 * generation) })),
      run.map((of) => endOf(model, of)),
      fc
        .record({
          of: run,
          type: fc.constantFrom('AnalysisApproved', 'AnalysisRejected'),
          moment: fc.integer({ min: 50, max: 60 }),
        })
        .map(({ of, type, moment }) =>
          reviewed(endOf(model, of), { type, at: at(moment), comment: canary.demographics.familyName }),
        ),
    ),
    { minLength: 1, maxLength: 8 },
  ),
);

export const contexts: fc.Arbitrary<RenderContext> = fc
  .record({
    releaseUnreviewed: fc.boolean(),
    writePatient: fc.boolean(),
    writeTasks: fc.boolean(),
    patientReference: fc.constantFrom(null, 'Patient/hospital-7'),
    isMerged: fc.boolean(),
    inputs: observationEvents,
    hasOrder: fc.boolean(),
  })
  .map(({ patientReference, isMerged, inputs, hasOrder, ...changed }) => {
    const input = fold(reduceObservation, inputs);
    const change: ContextChange = {
      settings: changed,
      patientReference,
      related: {
        patient: patient(isMerged ? { mergedInto: 'HANEUL|HIS|2' } : {}),
        order: hasOrder ? order({}) : null,
        observations: input === null ? [] : [input],
      },
    };
    return context(change);
  });

export const toSubject = {
  order: (events: readonly OrderEvent[]): Subject | null => ofState('order', fold(reduceOrder, events)),
  observation: (events: readonly ObservationEvent[]): Subject | null => ofState('observation', fold(reduceObservation, events)),
  analysis: (events: readonly AnalysisEvent[]): Subject | null => ofState('analysis', fold(reduceAnalysis, events)),
} as const;
const ofState = (kind: Subject['kind'], state: unknown): Subject | null => (state === null ? null : ({ kind, state } as Subject));

export const anySubject: fc.Arbitrary<Subject> = fc
  .oneof(orderEvents.map(toSubject.order), observationEvents.map(toSubject.observation), analysisEvents.map(toSubject.analysis))
  .filter((subject) => subject !== null);
