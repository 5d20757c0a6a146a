/** What is wrong with one member of a request. Names the place and what was expected there, never what was sent. */

export type FaultCode =
  | 'MISSING'
  | 'UNKNOWN_INPUT'
  | 'OUT_OF_RANGE'
  | 'NOT_A_NUMBER'
  | 'WRONG_UNIT'
  | 'UNKNOWN_MODEL'
  | 'UNKNOWN_MODEL_VERSION'
  | 'EVIDENCE_NOT_OFFERED'
  | 'NATIONAL_ID_REFUSED'
  | 'INVALID_IDENTIFIER';

export type Expected = { readonly unit: string; readonly minimum: number; readonly maximum: number };

export type Fault = {
  /** RFC 6901, from the root of the request (or of the line, in a batch). */
  readonly pointer: string;
  readonly code: FaultCode;
  readonly expected?: Expected;
};

export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly faults: readonly Fault[] };

/** A member's pointer. A name longer than any we declare is cut: an error answer repeats no text of the sender's at length. */
export const pointerTo = (parent: string, name: string): string =>
  `${parent}/${name.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')}`;
