/**
 * What the laboratory answered: ORL^O22, ORR^O02 or plain ACK of any version, half filled or worse. In: decoded text; out: its codes, or null when
 * it is no acknowledgement at all. Pure, total for any text. Free texts (MSA-3, ERR-7, ERR-8) are not read: they may name the patient.
 */
import { Hl7Fault, type Hl7Message, parseMessage, type Segment, textAt, valueAt } from '@clinstream/runtime/hl7';

export const acknowledgementCodes = ['AA', 'AE', 'AR', 'CA', 'CE', 'CR'] as const;
export type AcknowledgementCode = (typeof acknowledgementCodes)[number];

export type Reply = {
  /** MSA-2: which message of ours it answers. */
  readonly controlId: string;
  readonly code: AcknowledgementCode;
  /** Conditions of table 0357 but 0, from ERR-3, or before 2.5 from ERR-1 and MSA-6. */
  readonly conditions: readonly number[];
  /** MSH-11. */
  readonly processingId: string;
  readonly orders: readonly OrderReply[];
};

export type OrderReply = {
  /** ORC-1. */
  readonly control: string;
  readonly placerNumber: string | null;
  readonly fillerNumber: string | null;
  /** ORC-5. */
  readonly status: string;
};

export function readReply(text: string): Reply | null {
  try {
    return replyOf(parseMessage(text, latin1));
  } catch (error) {
    if (error instanceof Hl7Fault) return null;
    throw error;
  }
}

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

function replyOf({ segments }: Hl7Message): Reply | null {
  const msh = segments.find(({ name }) => name === 'MSH');
  const msa = segments.find(({ name }) => name === 'MSA');
  if (msh === undefined || msa === undefined) return null;
  const said = textAt(msa, 1);
  const code = acknowledgementCodes.find((one) => one === said);
  if (code === undefined) return null;
  const errors = segments.filter(({ name }) => name === 'ERR');
  const conditions = [...errors.flatMap(conditionsOf), numberOf(textAt(msa, 6))].filter((one) => one > 0);
  return { controlId: textAt(msa, 2), code, conditions, processingId: textAt(msh, 11), orders: ordersOf(segments) };
}

/** ERR-3 of 2.5 on; before it the fourth component of ERR-1, whose first subcomponent is the code. */
const conditionsOf = (err: Segment): readonly number[] => [numberOf(textAt(err, 3)), numberOf(textAt(err, 1, { component: 4 }))];

const numberOf = (text: string): number => (/^\d{1,3}$/.test(text) ? Number(text) : 0);

/** An ORC and, for the numbers it may leave out, the OBR behind it. */
function ordersOf(segments: readonly Segment[]): readonly OrderReply[] {
  const orders: OrderReply[] = [];
  for (const segment of segments) {
    const last = orders.at(-1);
    if (segment.name === 'ORC') {
      orders.push({ control: textAt(segment, 1), ...numbersOf(segment), status: textAt(segment, 5) });
    } else if (segment.name === 'OBR' && last !== undefined) {
      const { placerNumber, fillerNumber } = numbersOf(segment);
      orders[orders.length - 1] = {
        ...last,
        placerNumber: last.placerNumber ?? placerNumber,
        fillerNumber: last.fillerNumber ?? fillerNumber,
      };
    }
  }
  return orders;
}

const numbersOf = (segment: Segment) => ({ placerNumber: valueAt(segment, 2), fillerNumber: numberOrNull(valueAt(segment, 3)) });

/** It is stored and told on: anything but plain characters is no number. */
const numberOrNull = (text: string | null): string | null => (text !== null && /^[\x20-\x7e]{1,199}$/.test(text) ? text : null);
