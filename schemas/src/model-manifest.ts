/**
 * What a model says of itself, read from models/<name>/<version>/manifest.json by ingest (validation), inference (running) and
 * api (showing). The shape is a contract between them; loading and checking files is each service's own affair.
 */
import { sha256 } from './ids.ts';

export type ModelInput = {
  readonly name: string;
  /** Codes that mean this input in incoming observations: HL7 coding system + code. */
  readonly codes: readonly { readonly system: string; readonly code: string }[];
  /** UCUM. */
  readonly unit: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly required: boolean;
};

export type ModelManifest = {
  readonly name: string;
  readonly version: string;
  readonly title: string;
  /** What the result is: a diagnosis becomes an Observation, a risk a RiskAssessment. */
  readonly kind: 'diagnosis' | 'risk';
  readonly demonstration: boolean;
  readonly file: string;
  /** sha-256 of the model file. */
  readonly digest: string;
  readonly inputs: readonly ModelInput[];
  readonly outputs: { readonly positive: string; readonly negative: string; readonly threshold: number };
  /** `trees` names the file with the tree structure that exact SHAP needs. */
  readonly evidence: {
    readonly method: 'tree-shap';
    readonly file: string;
    readonly digest: string;
    readonly default: boolean;
  } | null;
  /** Orders with this code ask for this model. */
  readonly orderCodes: readonly { readonly system: string; readonly code: string }[];
  readonly population: {
    readonly minimumAgeYears: number | null;
    readonly maximumAgeYears: number | null;
    readonly sexes: readonly string[] | null;
  };
  readonly limits: { readonly softTimeoutMs: number; readonly hardTimeoutMs: number; readonly attempts: number };
  readonly licence: string;
};

/** Digest of the ordered input names and units: a request made for another order of inputs is refused, never misread. */
export const inputSetOf = (manifest: Pick<ModelManifest, 'inputs'>): string =>
  sha256(manifest.inputs.map((input) => `${input.name}\u0000${input.unit}`).join('\u0001')).slice(0, 16);
