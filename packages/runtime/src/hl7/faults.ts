/**
 * Why a message, or a part of it, is refused: the HL7 condition (table 0357) the peer reads, the place, and our own code.
 * Names fields, never values: a fault may be logged, answered and counted as it is.
 */

/** HL7 table 0357. */
export const conditions = {
  100: 'Segment sequence error',
  101: 'Required field missing',
  102: 'Data type error',
  103: 'Table value not found',
  200: 'Unsupported message type',
  201: 'Unsupported event code',
  202: 'Unsupported processing id',
  203: 'Unsupported version id',
  204: 'Unknown key identifier',
  205: 'Duplicate key identifier',
  207: 'Application internal error',
} as const;
export type Condition = keyof typeof conditions;

/** Where it is: segment, its 1-based occurrence in the message, field (0: the segment as a whole). */
export type Location = { readonly segment: string; readonly occurrence: number; readonly field: number };

export type Fault = {
  readonly condition: Condition;
  readonly location: Location;
  /** SCREAMING_SNAKE, ours. */
  readonly code: string;
};

export const at = (segment: string, field: number, occurrence = 1): Location => ({ segment, occurrence, field });

/** Thrown by the mapping; carries nothing of the message but places and codes. */
export class Hl7Fault extends Error {
  readonly fault: Fault;

  constructor(condition: Condition, code: string, location: Location) {
    super(`${code} at ${location.segment}[${location.occurrence}]-${location.field}`);
    this.name = 'Hl7Fault';
    this.fault = { condition, code, location };
  }
}
