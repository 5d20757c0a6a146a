/** HL7 v2 as a hospital's systems send it: frames on a socket, messages of the sample hospital. */
import { connect } from 'node:net';
import { inputsOf, manifest } from './cases.ts';

/** Sends bytes and ends its side, as `nc` would; resolves with all that came back until the other side ended. */
export function sendBytes(port: number, bytes: Buffer): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
  socket.on('error', reject);
  socket.end(bytes);
  return promise;
}

/** One message in one frame; the answers' texts. */
export async function exchange(port: number, message: Buffer | string): Promise<readonly string[]> {
  const text = await sendBytes(port, Buffer.concat([Buffer.of(0x0b), Buffer.from(message), Buffer.of(0x1c, 0x0d)]));
  return text.split('\x0b').slice(1);
}

/** A field of the first segment of this name, as `fieldIn(answer, 'MSA', 1)`. */
export const fieldIn = (message: string, segment: string, field: number): string =>
  message
    .split('\r')
    .find((line) => line.startsWith(`${segment}|`))
    ?.split('|')[field] ?? '';

export type Message = {
  readonly type: string;
  readonly controlId: string;
  readonly from?: 'OCS' | 'HIS' | 'LIS';
  /** MSH-7, to the millisecond. */
  readonly time?: string;
  readonly segments: readonly string[];
};

/** A message of version 2.5.1 to the sample channel. */
export const hl7 = ({ type, controlId, from = 'OCS', time = timeOf(Date.now()), segments }: Message): string =>
  [`MSH|^~\\&|${from}|HANEUL|CLINSTREAM|HANEUL|${time}||${type}|${controlId}|P|2.5.1||||||UNICODE UTF-8`, ...segments, ''].join(
    '\r',
  );

/** Seoul's wall clock, which the sample channel reads times in. */
export function timeOf(at: number): string {
  const seoul = new Date(at + 9 * 3_600_000).toISOString();
  return `${seoul.slice(0, 19).replace(/[-:T]/g, '')}.${seoul.slice(20, 23)}`;
}

export const pid = (id: string, name = 'Invented^Person'): string => `PID|1||${id}^^^HIS^PI||${name}||19740311|F`;
/** The key of a patient of the sample channel. */
export const patientKey = (id: string): string => `HANEUL|HIS|${id}`;

/** An analysis of a known case, ordered under this number. */
export const analysisOrder = (placerNumber: string, index: number, priority = 'R'): readonly string[] => [
  `ORC|NW|${placerNumber}^OCS`,
  `TQ1|1||||||||${priority}`,
  `OBR|1|${placerNumber}^OCS||AI-BREAST-CANCER^AI breast mass^99CLIN`,
  ...inputObservations(index),
];

/** One OBX per input of the model. */
function inputObservations(index: number): readonly string[] {
  const values = inputsOf(index);
  return manifest.inputs.map(
    ({ name, codes, unit }, at) => `OBX|${at + 1}|NM|${codes[0]?.code}^^${codes[0]?.system}||${values[name]}|${unit}^^UCUM|||||F`,
  );
}
