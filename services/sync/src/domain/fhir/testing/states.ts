/** Test only. States as the reducers make them from events, and the context they are rendered in. */
import {
  type AnalysisEnded,
  type AnalysisEvent,
  type AnalysisRequested,
  type AnalysisReviewed,
  type AnalysisState,
  inputSetOf,
  type ModelManifest,
  type ObservationEvent,
  type ObservationState,
  type OrderEvent,
  type OrderState,
  type PatientEvent,
  reduceAnalysis,
  reduceObservation,
  reduceOrder,
} from '@clinstream/contracts';
import { observed, ordered } from '@clinstream/testkit/events';
import { type KnownPatient, reduceKnownPatient } from '../../known-patient.ts';
import type { Subject } from '../../subject.ts';
import { referenceTo } from '../ids.ts';
import { render } from '../render.ts';
import type { FhirResource, RenderContext, Rendering, RenderSettings } from '../types.ts';

export const patientKey = 'HANEUL|HIS|00012001';
const t0 = Date.parse('2026-11-20T00:00:00Z');
/** Minutes after the day began. */
export const at = (minutes: number): number => t0 + minutes * 60_000;

const folded = <S, E>(reduce: (state: S | null, event: E) => S | null, events: readonly E[]): S => {
  const state = events.reduce<S | null>(reduce, null);
  if (state === null) throw new Error('the events make no state');
  return state;
};

export const orderEvent = (change: Partial<OrderEvent> = {}): OrderEvent =>
  ordered('order-1', {
    patientKey,
    placerNumber: 'N2026-0006',
    placerAuthority: 'HANEUL|OCS',
    code: { code: 'GLU', system: 'L', display: 'Glucose' },
    contentDigest: 'content',
    sourceVersion: at(1),
    requestedBy: 'OCS',
    requestedAt: at(1),
    ...change,
  });
export const order = (change: Partial<OrderEvent> = {}, ...later: readonly Partial<OrderEvent>[]): OrderState => {
  const first = orderEvent(change);
  return folded(reduceOrder, [first, ...later.map((one, n) => ({ ...first, sourceVersion: at(2 + n), ...one }))]);
};

export const observationEvent = (change: Partial<ObservationEvent> = {}): ObservationEvent =>
  observed('observation-1', {
    patientKey,
    fillerNumber: 'L77001',
    code: { code: '2345-7', system: 'LN', display: 'Glucose' },
    value: { numeric: 128, comparator: null, text: null, unit: 'mg/dL' },
    abnormalFlag: 'H',
    referenceRange: '70-110',
    effectiveAt: '2026-11-20T08:50:00+09:00',
    sourceVersion: at(5),
    ...change,
  });
export const observation = (change: Partial<ObservationEvent> = {}): ObservationState =>
  folded(reduceObservation, [observationEvent(change)]);

/** `loggedAt`: of what happened to the record last. */
export const patient = (change: Partial<PatientEvent> = {}, loggedAt = at(0)): KnownPatient =>
  folded(reduceKnownPatient(loggedAt), [
    {
      type: 'PatientRegistered',
      patientKey,
      sourceVersion: at(0),
      demographics: canary.demographics,
      mergedInto: null,
      mergedFrom: null,
      messageId: null,
      ...change,
    },
  ]);
/** What must appear nowhere. */
export const canary = {
  demographics: { familyName: 'Canaryson', givenName: 'Tweety', birthDate: '1974-03-11', sex: 'F' },
  residentNumber: '740311-2345678',
} as const;

const input = (name: string): ModelManifest['inputs'][number] => ({
  name,
  codes: [{ system: '99CLIN', code: name.toUpperCase() }],
  unit: '1',
  minimum: 0,
  maximum: 100,
  required: true,
});
export const diagnosisModel: ModelManifest = {
  name: 'breast-cancer',
  version: '1.0.0',
  title: 'Breast mass, benign or malignant',
  kind: 'diagnosis',
  demonstration: false,
  file: 'model.onnx',
  digest: 'a15a',
  inputs: [input('radius'), input('texture')],
  outputs: { positive: 'malignant', negative: 'benign', threshold: 0.5 },
  evidence: null,
  orderCodes: [],
  population: { minimumAgeYears: null, maximumAgeYears: null, sexes: null },
  limits: { softTimeoutMs: 1, hardTimeoutMs: 1, attempts: 1 },
  licence: 'none',
};
export const riskModel: ModelManifest = {
  ...diagnosisModel,
  name: 'sepsis',
  kind: 'risk',
  outputs: { positive: 'sepsis', negative: 'none', threshold: 0.5 },
};
export const demonstrationModel: ModelManifest = { ...diagnosisModel, name: 'demo', demonstration: true };
export const models: readonly ModelManifest[] = [diagnosisModel, riskModel, demonstrationModel];

export const requested = (change: Partial<AnalysisRequested> = {}): AnalysisRequested => ({
  type: 'AnalysisRequested',
  jobId: 'job-1',
  patientKey,
  generation: 1,
  model: diagnosisModel.name,
  modelVersion: diagnosisModel.version,
  inputSet: 'set',
  features: [],
  subject: null,
  inputProblem: null,
  inputObservations: ['observation-1'],
  evidence: true,
  priority: 'stat',
  orderId: null,
  requestedBy: 'ward-client',
  requestedAt: at(10),
  ...change,
});
export const ended = (change: Partial<AnalysisEnded> = {}): AnalysisEnded => ({
  type: 'AnalysisCompleted',
  jobId: 'job-1',
  patientKey,
  generation: 1,
  attempt: 1,
  model: diagnosisModel.name,
  modelVersion: diagnosisModel.version,
  modelDigest: diagnosisModel.digest,
  prediction: { label: 'malignant', probability: 0.87, margin: 1.9 },
  evidence: { method: 'tree-shap', inputSet: inputSetOf(diagnosisModel), baseValue: -0.5, values: [1.25, -0.25] },
  reasons: [],
  failure: null,
  startedAt: at(11),
  endedAt: at(12),
  ...change,
});
/** A person's word on a result: the result comes with it. */
export const reviewed = (of: AnalysisEnded, change: Partial<AnalysisReviewed> = {}): AnalysisReviewed => ({
  ...of,
  type: 'AnalysisApproved',
  inputObservations: ['observation-1'],
  reviewer: 'dr-7',
  reviewerRole: 'radiologist',
  comment: null,
  at: at(20),
  ...change,
});
export const analysis = (...events: readonly AnalysisEvent[]): AnalysisState => folded(reduceAnalysis, events);
/** Requested, ended and approved. */
export const approved = (change: Partial<AnalysisEnded> = {}, reviewChange: Partial<AnalysisReviewed> = {}): AnalysisState =>
  analysis(requested(), ended(change), reviewed(ended(change), reviewChange));

export const settings: RenderSettings = {
  systemBase: 'https://fhir.haneul.test/clinstream',
  codeSystems: { 'HANEUL|L': 'https://fhir.haneul.test/codes/lab' },
  patientSystems: { 'HANEUL|HIS': 'https://fhir.haneul.test/patient' },
  releaseUnreviewed: false,
  writePatient: true,
  writeTasks: true,
};

export type ContextChange = Partial<Omit<RenderContext, 'related' | 'settings'>> & {
  readonly related?: Partial<RenderContext['related']>;
  readonly settings?: Partial<RenderSettings>;
};
export const context = ({ related, settings: changed, ...rest }: ContextChange = {}): RenderContext => ({
  related: { patient: null, order: null, observations: [observation()], ...related },
  delivered: [],
  patientReference: null,
  manifests: models,
  settings: { ...settings, ...changed },
  ...rest,
});

export const subjects = {
  patient: (state: KnownPatient): Subject => ({ kind: 'patient', state }),
  order: (state: OrderState): Subject => ({ kind: 'order', state }),
  observation: (state: ObservationState): Subject => ({ kind: 'observation', state }),
  analysis: (state: AnalysisState): Subject => ({ kind: 'analysis', state }),
} as const;

export const renderedOrder = (state: OrderState, change: ContextChange = {}): Rendering =>
  render(subjects.order(state), context(change));
export const renderedObservation = (state: ObservationState, change: ContextChange = {}): Rendering =>
  render(subjects.observation(state), context(change));
export const renderedAnalysis = (state: AnalysisState, change: ContextChange = {}): Rendering =>
  render(subjects.analysis(state), context(change));

type TypeName = FhirResource['resourceType'];
type Of<T extends TypeName> = Extract<FhirResource, { resourceType: T }>;

export const allOf = <T extends TypeName>({ resources }: Rendering, type: T): readonly Of<T>[] =>
  resources.filter((one): one is Of<T> => one.resourceType === type);

/** The only one of its type; throws when there is none or another. */
export function the<T extends TypeName>(rendering: Rendering, type: T): Of<T> {
  const [only, ...others] = allOf(rendering, type);
  if (only === undefined || others.length > 0) throw new Error(`${others.length + (only === undefined ? 0 : 1)} of ${type}`);
  return only;
}

export const typesOf = ({ resources }: Rendering): readonly string[] => resources.map(({ resourceType }) => resourceType);
export const keysOf = ({ resources }: Rendering): readonly string[] => resources.map(referenceTo);
