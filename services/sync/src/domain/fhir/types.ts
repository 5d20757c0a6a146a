/** What goes into a rendering and what comes out. FHIR's types come from @types/fhir and are gone at run time. */
import type { ModelManifest } from '@clinstream/contracts';
import type {
  DetectedIssue,
  Device,
  DiagnosticReport,
  MedicationRequest,
  Observation,
  Patient,
  Provenance,
  RiskAssessment,
  ServiceRequest,
  Specimen,
  Task,
} from 'fhir/r4.d.ts';
import type { Related } from '../subject.ts';

/** All that a rendering may hold. `Device` is written at deployment and never in a rendering. */
export type FhirResource =
  | Patient
  | Specimen
  | ServiceRequest
  | MedicationRequest
  | DetectedIssue
  | Observation
  | DiagnosticReport
  | RiskAssessment
  | Provenance
  | Task;
export type AnyResource = FhirResource | Device;

export type RenderSettings = {
  /** Absolute uri without a trailing slash: what our own identifier, code and extension uris begin with. */
  readonly systemBase: string;
  /** Uri by HL7 coding system name (OBX-3.3, OBR-4.3) or `facility|name`, for local systems; what is not named gets one under the base. */
  readonly codeSystems: Readonly<Record<string, string>>;
  /** Uri of patient identifiers by `facility|assigning authority`; what is not named gets one under the base. */
  readonly patientSystems: Readonly<Record<string, string>>;
  /** Results nobody has reviewed leave as preliminary (facts 6.10). */
  readonly releaseUnreviewed: boolean;
  /** The Patient resources are ours: identifier only. Otherwise patients are referred to by identifier. */
  readonly writePatient: boolean;
  readonly writeTasks: boolean;
};

export type RenderContext = {
  readonly related: Related;
  /** `Type/id` of what the ledger says stands on the server for this subject: what never stood there is not withdrawn there. */
  readonly delivered: readonly string[];
  /** `Patient/id` of the hospital's own Patient, found by identifier; null: not found, or the Patient is ours. */
  readonly patientReference: string | null;
  readonly manifests: readonly ModelManifest[];
  readonly settings: RenderSettings;
};

/** Why something of a subject does not leave now. */
export const heldCodes = [
  'NO_PATIENT',
  'PATIENT_NOT_WRITTEN',
  'PATIENT_IDENTIFIER_REFUSED',
  'PATIENT_MERGED',
  'ORDER_CONTENT_UNKNOWN',
  'ANALYSIS_NOT_ENDED',
  'ANALYSIS_WITHOUT_RESULT',
  'MODEL_UNKNOWN',
  'REVIEW_PENDING',
  'REVIEW_REJECTED',
  'INPUT_WITHDRAWN',
] as const;
export type HeldCode = (typeof heldCodes)[number];

export type Rendering = {
  /** What is referred to comes before what refers to it. Every resource has an id; no `Type/id` twice. */
  readonly resources: readonly FhirResource[];
  /** What is kept back, also beside resources: of an unreviewed job the Task leaves and the result does not. */
  readonly held: HeldCode | null;
};
