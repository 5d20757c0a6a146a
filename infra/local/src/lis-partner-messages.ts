/**
 * What the demonstration laboratory says. Pure. Texts are latin1 views of the bytes on the wire, so whatever character set a message has, names go
 * back as they came; only ASCII fields are read.
 */

export type LisOrder = {
  /** ORC-1. */
  readonly control: string;
  /** ORC-2 as it stands. */
  readonly placer: string;
  /** OBR-4 as it stands, empty when there is no OBR. */
  readonly service: string;
};

export type LisMessage = {
  readonly msh: readonly string[];
  readonly type: string;
  readonly controlId: string;
  readonly pid: string | null;
  readonly orders: readonly LisOrder[];
};

/** Null when it is no HL7 message. */
export function readLisMessage(text: string): LisMessage | null {
  const segments = text.split(/[\r\n]+/).filter(Boolean);
  const msh = segments[0]?.split('|') ?? [];
  if (msh[0] !== 'MSH') return null;
  const orders: LisOrder[] = [];
  for (const segment of segments) {
    const fields = segment.split('|');
    if (fields[0] === 'ORC') orders.push({ control: fields[1] ?? '', placer: fields[2] ?? '', service: '' });
    const last = orders.at(-1);
    if (fields[0] === 'OBR' && last) orders[orders.length - 1] = { ...last, service: fields[4] ?? '' };
  }
  return {
    msh,
    type: (msh[8] ?? '').split('^').slice(0, 2).join('^'),
    controlId: msh[9] ?? '',
    pid: segments.find((segment) => segment.startsWith('PID|')) ?? null,
    orders,
  };
}

/** Table 0119: what a laboratory that does as it is asked answers. */
const doneAs: Readonly<Record<string, string>> = { NW: 'OK', XO: 'XR', CA: 'CR', DC: 'DR' };
export const isKnownControl = (control: string): boolean => Object.hasOwn(doneAs, control);

export const fillerOf = (placer: string): string => `D${placer.split('^')[0] ?? ''}^DEMOLAB`;

/** The ORL^O22 that accepts every order of the message, or an AE when one asks for something unknown. */
export function orderReply(message: LisMessage, controlId: string, at: string): string {
  const known = message.orders.length > 0 && message.orders.every(({ control }) => isKnownControl(control));
  const header = answerHeader(message, 'ORL^O22^ORL_O22', controlId, at);
  if (!known) return lines([header, `MSA|AE|${message.controlId}`, 'ERR||ORC^1^1|103^Table value not found^HL70357|E']);
  const orders = message.orders.flatMap(({ control, placer, service }) => [
    `ORC|${doneAs[control]}|${placer}|${fillerOf(placer)}||${control === 'CA' || control === 'DC' ? 'CA' : 'SC'}`,
    ...(service === '' ? [] : [`OBR|1|${placer}|${fillerOf(placer)}|${service}`]),
  ]);
  return lines([header, `MSA|AA|${message.controlId}`, ...(message.pid ? [message.pid] : []), ...orders]);
}

/** The refusal of anything but orders. */
export const refusal = (message: LisMessage, controlId: string, at: string): string =>
  lines([
    answerHeader(message, 'ACK', controlId, at),
    `MSA|AR|${message.controlId}`,
    'ERR||MSH^1^9|200^Unsupported message type^HL70357|E',
  ]);

function answerHeader({ msh }: LisMessage, type: string, controlId: string, at: string): string {
  const fields = ['MSH', msh[1] ?? '^~\\&', msh[4], msh[5], msh[2], msh[3], at, '', type, controlId, msh[10], msh[11]];
  return [...fields, '', '', '', '', '', msh[17]]
    .map((field) => field ?? '')
    .join('|')
    .replace(/\|+$/, '');
}

/** Invented values, the same for everybody. Tests not listed are accepted and never resulted. */
const results: Readonly<Record<string, readonly string[]>> = {
  CBC: [
    'NM|6690-2^Leukocytes^LN||6.8|10*3/uL^^UCUM|4.0-10.0|N|||F',
    'NM|718-7^Hemoglobin^LN||10.9|g/dL^^UCUM|12.0-16.0|L|||F',
    'NM|777-3^Platelets^LN||231|10*3/uL^^UCUM|150-400|N|||F',
  ],
  NA: ['NM|2951-2^Sodium^LN||139|mmol/L^^UCUM|135-145|N|||F'],
};

export const hasResults = (order: LisOrder): boolean => order.control === 'NW' && codeOf(order) in results;
const codeOf = ({ service }: LisOrder): string => service.split('^')[0] ?? '';

/** The ORU^R01 with the final results of one order, as the laboratory's own system sends it. */
export function resultMessage(message: LisMessage, order: LisOrder, controlId: string, at: string): string {
  const { msh } = message;
  // The channel knows its laboratory as LIS, of the hospital that ordered.
  const header = ['MSH', '^~\\&', 'LIS', msh[3], msh[2], msh[3], at, '', 'ORU^R01^ORU_R01', controlId, 'P', '2.5.1'];
  const filler = fillerOf(order.placer);
  return lines([
    [...header, '', '', '', '', '', msh[17]]
      .map((field) => field ?? '')
      .join('|')
      .replace(/\|+$/, ''),
    ...(message.pid ? [message.pid] : []),
    `ORC|RE|${order.placer}|${filler}`,
    `OBR|1|${order.placer}|${filler}|${order.service}|||${at}||||||||||||||||||F`,
    ...(results[codeOf(order)] ?? []).map((result, index) => `OBX|${index + 1}|${result}|||${at}`),
  ]);
}

const lines = (segments: readonly string[]): string => segments.map((segment) => `${segment}\r`).join('');
