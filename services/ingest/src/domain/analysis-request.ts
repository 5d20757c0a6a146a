/**
 * From a request for an AI analysis to the event that asks for it. In: a body of the right shape and the models we know;
 * out: a command, or all faults at once; from a command, an id and an origin the event. Pure: time and ids are arguments.
 */
import {
  type AnalysisRequested,
  type Lane,
  laneOf,
  type PatientIdentity,
  type Priority,
  type Subject,
  topics,
} from '@clinstream/contracts';
import { type Canonical, canonicalDigest } from './canonical-json.ts';
import type { Checked, Fault } from './fault.ts';
import type { KnownModel, ModelCatalog } from './model-catalog.ts';
import { checkPatient, identifierFault } from './patient-identity.ts';
import { envelopeOf, type Origin, type Publication } from './publication.ts';
import { validateInputs } from './validate-inputs.ts';

export type RequestedPriority = Exclude<Priority, 'unknown'>;

/** What is asked of a model, wherever it is asked. */
export type ModelQuestion = {
  readonly model: string;
  readonly modelVersion?: string | null;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly subject?: { readonly ageYears?: number | null; readonly sex?: string | null } | null;
  readonly evidence?: boolean;
};

export type AnalysisBody = ModelQuestion & {
  readonly patient: PatientIdentity | null;
  readonly priority?: RequestedPriority;
  readonly orderId?: string | null;
};

/** What inference needs to know of one question, checked. */
export type CheckedQuestion = Pick<
  AnalysisRequested,
  'model' | 'modelVersion' | 'inputSet' | 'features' | 'subject' | 'evidence'
>;

export type AnalysisCommand = CheckedQuestion & {
  readonly patientKey: string | null;
  readonly priority: RequestedPriority;
  readonly orderId: string | null;
};

export function checkQuestion(question: ModelQuestion, models: ModelCatalog, parent = ''): Checked<CheckedQuestion> {
  const version = question.modelVersion ?? null;
  const known = models.find(question.model, version);
  if (known === null) return { ok: false, faults: [unknownModel(question.model, models, parent)] };
  const inputs = validateInputs(known.manifest, question.inputs, `${parent}/inputs`);
  const evidence = evidenceFault(question, known, parent);
  if (!inputs.ok || evidence !== null) {
    return { ok: false, faults: [...(inputs.ok ? [] : inputs.faults), ...(evidence === null ? [] : [evidence])] };
  }
  return {
    ok: true,
    value: {
      model: question.model,
      modelVersion: version,
      inputSet: known.inputSet,
      features: inputs.value,
      subject: subjectOf(question.subject),
      evidence: question.evidence ?? known.manifest.evidence?.default ?? false,
    },
  };
}

/** Asking for evidence no one can give is refused, not answered without. */
const evidenceFault = (question: ModelQuestion, known: KnownModel, parent: string): Fault | null =>
  question.evidence === true && known.manifest.evidence === null
    ? { pointer: `${parent}/evidence`, code: 'EVIDENCE_NOT_OFFERED' }
    : null;

const unknownModel = (name: string, models: ModelCatalog, parent: string): Fault =>
  models.find(name, null) === null
    ? { pointer: `${parent}/model`, code: 'UNKNOWN_MODEL' }
    : { pointer: `${parent}/modelVersion`, code: 'UNKNOWN_MODEL_VERSION' };

function subjectOf(subject: ModelQuestion['subject']): Subject | null {
  if (!subject) return null;
  const sex = subject.sex ?? null;
  return { ageYears: subject.ageYears ?? null, sex: sex === null ? null : (sexCodes.get(sex) ?? sex) };
}

/** Manifests speak HL7 table 0001; FHIR's words mean the same. */
const sexCodes: ReadonlyMap<string, string> = new Map([
  ['female', 'F'],
  ['male', 'M'],
  ['other', 'O'],
  ['unknown', 'U'],
]);

export function checkAnalysis(body: AnalysisBody, models: ModelCatalog): Checked<AnalysisCommand> {
  const patient = body.patient === null ? noPatient : checkPatient(body.patient);
  const question = checkQuestion(body, models);
  const order = typeof body.orderId === 'string' ? identifierFault('/orderId', body.orderId) : null;
  if (patient.ok && question.ok && order === null) {
    const asked = { patientKey: patient.value, priority: body.priority ?? 'routine', orderId: body.orderId ?? null };
    return { ok: true, value: { ...question.value, ...asked } };
  }
  const faults = [patient, question].flatMap((checked) => (checked.ok ? [] : checked.faults));
  return { ok: false, faults: order === null ? faults : [...faults, order] };
}

const noPatient: Checked<null> = { ok: true, value: null };

/** Content of a checked body: what an idempotency key stands for. A member left out equals its default. */
export const analysisDigest = (body: AnalysisBody): string =>
  canonicalDigest({
    patient: body.patient && { facility: body.patient.facility, authority: body.patient.authority, id: body.patient.id },
    priority: body.priority ?? 'routine',
    orderId: body.orderId ?? null,
    question: questionContent(body),
  });

export const questionContent = (question: ModelQuestion): Canonical => ({
  model: question.model,
  modelVersion: question.modelVersion ?? null,
  inputs: question.inputs as { readonly [name: string]: Canonical },
  subject: subjectOf(question.subject),
  evidence: question.evidence ?? null,
});

export const laneOfCommand = (command: Pick<AnalysisCommand, 'priority'>): Lane => laneOf(command.priority);

export type AnalysisRequestTopic = (typeof topics.requests)[Lane];

/** The event a job begins with. The same command, id and origin give equal bytes. */
export function analysisRequestedFrom(
  command: AnalysisCommand,
  jobId: string,
  origin: Origin,
): Publication<AnalysisRequestTopic> {
  const value: AnalysisRequested = {
    type: 'AnalysisRequested',
    jobId,
    patientKey: command.patientKey,
    generation: 1,
    model: command.model,
    modelVersion: command.modelVersion,
    inputSet: command.inputSet,
    features: command.features,
    subject: command.subject,
    inputProblem: null,
    inputObservations: [],
    evidence: command.evidence,
    priority: command.priority,
    orderId: command.orderId,
    requestedBy: origin.requestedBy,
    requestedAt: origin.requestedAt,
  };
  return {
    topic: topics.requests[laneOfCommand(command)],
    key: command.patientKey ?? jobId,
    value,
    envelope: envelopeOf('AnalysisRequested', origin, jobId, '1'),
  };
}
