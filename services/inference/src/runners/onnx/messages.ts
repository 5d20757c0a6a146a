/**
 * What goes between the service and a model worker: one message per batch, numbers as typed arrays (structured clone, no JSON).
 * Rows that want evidence stand first in their batch, so that a count says which.
 */

/** The files of one model with the digests the worker must find them to have. */
export type ModelFiles = {
  readonly name: string;
  readonly file: string;
  readonly digest: string;
  readonly inputCount: number;
  readonly trees: { readonly file: string; readonly digest: string } | null;
};

export type LoadRequest = { readonly kind: 'load'; readonly models: readonly ModelFiles[] };

export type BatchRequest = {
  readonly kind: 'batch';
  readonly id: number;
  /** Index in the loaded models. */
  readonly model: number;
  readonly rows: number;
  /** rows × inputs, row-major. */
  readonly features: Float32Array;
  /** The first so many rows want evidence. */
  readonly explain: number;
};

export type BatchAnswer = {
  readonly kind: 'answer';
  readonly id: number;
  /** Of the positive class, one per row. */
  readonly probabilities: Float32Array;
  readonly evidence: BatchEvidence | null;
};

export type BatchEvidence = {
  readonly baseValue: number;
  /** One per explained row, log-odds in double precision from the trees. */
  readonly margins: Float64Array;
  /** explained rows × inputs, row-major. */
  readonly values: Float64Array;
};

/** Without the text of the error: it is the model library's, and may repeat what it was given. */
export type BatchFailure = { readonly kind: 'failure'; readonly id: number };
export type Loaded = { readonly kind: 'loaded' };
export type LoadFailure = { readonly kind: 'load-failure'; readonly code: string; readonly message: string };

export type ToWorker = LoadRequest | BatchRequest;
/** Memory the process holds after what it tells of. */
export type Size = { readonly residentBytes: number };
export type FromWorker = ((BatchAnswer | BatchFailure | Loaded) & Size) | LoadFailure;
