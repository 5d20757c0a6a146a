/**
 * Payloads that say what must come out: the demonstration model's own fixtures, inputs with the probabilities that another runtime computed
 * for them. The same run name, number and seed give the same bytes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lane, type ModelManifest, observationIdOf, orderIdOf, patientKeyOf } from '@clinstream/contracts';
import { modelsDir } from '@clinstream/local';

const folder = join(modelsDir, 'breast-cancer', '1.0.0');

export type Case = { readonly features: readonly number[]; readonly label: string; readonly probability: number };
export type Cases = { readonly manifest: ModelManifest; readonly cases: readonly Case[] };

/** Only cases well off the threshold, so that a rounding cannot change a label. */
export function readCases(): Cases {
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as ModelManifest;
  const inputs = doubles('inputs.f64');
  const width = manifest.inputs.length;
  const cases = [...doubles('probabilities.f64')].map((probability, row) => ({
    features: [...inputs.subarray(row * width, (row + 1) * width)],
    label: probability >= manifest.outputs.threshold ? manifest.outputs.positive : manifest.outputs.negative,
    probability,
  }));
  return { manifest, cases: cases.filter((one) => Math.abs(one.probability - manifest.outputs.threshold) > 1e-3) };
}

function doubles(file: string): Float64Array {
  const bytes = readFileSync(join(folder, 'fixtures', file));
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

export const httpPatient = (id: string) => ({ facility: 'HANEUL', authority: 'HIS', id });
export const patientKeyFor = (id: string): string => patientKeyOf(httpPatient(id));

export type AnalysisText = {
  readonly orderId: string;
  readonly patientId: string;
  readonly lane: Lane;
  readonly features: readonly number[];
};

/** Body of one HTTP request, and with `reference` one line of a batch. */
export function analysisBody({ orderId, patientId, lane, features }: AnalysisText, { inputs, name }: ModelManifest): object {
  return {
    patient: httpPatient(patientId),
    model: name,
    inputs: Object.fromEntries(inputs.map((input, index) => [input.name, features[index]])),
    priority: lane,
    orderId,
  };
}

const facility = 'HANEUL';
const sender = 'OCS';
const hl7Priority: Readonly<Record<Lane, string>> = { stat: 'S', urgent: 'A', routine: 'R' };

export type Hl7Text = {
  readonly controlId: string;
  readonly patientId: string;
  readonly time: Date;
  /** Enhanced mode: an accept acknowledgement and no other. */
  readonly isEnhanced?: boolean;
};

export type PersonText = Hl7Text & { readonly familyName: string; readonly version: number };

const personEvents = { A04: 'ADT_A01', A08: 'ADT_A01', A31: 'ADT_A05' } as const;

/** ADT^A04, A08 or A31 with one version of what is said of a person; `versionOfName` reads it back. */
export const personMessage = (event: keyof typeof personEvents, text: PersonText): Buffer =>
  lines(
    header(`ADT^${event}^${personEvents[event]}`, text),
    `EVN|${event}|${hl7Time(text.time)}`,
    `PID|1||${text.patientId}^^^HIS^PI||${text.familyName}^V${text.version}||19740311|F`,
  );

/** Null for a name that is none of ours. */
export const versionOfName = (givenName: string | null): number | null => {
  const [, version] = /^V(\d+)$/.exec(givenName ?? '') ?? [];
  return version === undefined ? null : Number(version);
};

/** ADT^A40: the record of `retiredId` is one with that of `patientId`. */
export const mergeMessage = (text: Hl7Text & { readonly retiredId: string }): Buffer =>
  lines(header('ADT^A40^ADT_A39', text), `EVN|A40|${hl7Time(text.time)}`, pid(text), `MRG|${text.retiredId}^^^HIS^PI`);

/** OML^O21 asking for one analysis; its job carries `mllpOrderId(number)`. */
export function orderMessage(
  text: Hl7Text & { readonly number: string; readonly lane: Lane },
  features: readonly number[],
  manifest: ModelManifest,
): Buffer {
  const [code] = manifest.orderCodes;
  const observations = manifest.inputs.map(
    (input, index) =>
      `OBX|${index + 1}|NM|${input.codes[0]?.code}^x^${input.codes[0]?.system}||${features[index]}|${input.unit}^^UCUM|||||F`,
  );
  return lines(
    header('OML^O21^OML_O21', text),
    pid(text),
    `ORC|NW|${text.number}^${sender}`,
    `TQ1|1||||||||${hl7Priority[text.lane]}`,
    `OBR|1|${text.number}^${sender}||${code?.code}^x^${code?.system}`,
    ...observations,
  );
}

/** ORU^R01 with one version of one result; versions after the first are corrections. */
export function resultMessage(text: Hl7Text & { readonly number: string; readonly version: number }): Buffer {
  const status = text.version === 1 ? 'F' : 'C';
  return lines(
    header('ORU^R01^ORU_R01', text),
    pid(text),
    `OBR|1||${text.number}^LIS|GLU^Glucose^L|||${hl7Time(text.time)}`,
    `OBX|1|NM|2345-7^Glucose^LN||${text.version}|mg/dL^^UCUM|||||${status}`,
  );
}

export type LaboratoryOrder = Hl7Text & {
  readonly number: string;
  readonly control: 'NW' | 'XO' | 'CA';
  readonly note?: string;
};

/** OML^O21 asking the laboratory for a test, or changing or cancelling that; its order is `mllpOrderId(number)`. */
export const laboratoryOrder = (text: LaboratoryOrder): Buffer =>
  lines(
    header('OML^O21^OML_O21', text),
    pid(text),
    'PV1|1|U',
    `ORC|${text.control}|${text.number}^${sender}`,
    'TQ1|1||||||||R',
    `OBR|1|${text.number}^${sender}||GLU^Glucose^L`,
    ...(text.note === undefined ? [] : [`NTE|1||${text.note}`]),
  );

/** ORU^R01 with one version of what the laboratory found for that order: the result is `resultId(filler)`. */
export function orderedResult(
  text: Hl7Text & { readonly number: string; readonly filler: string; readonly version: number },
): Buffer {
  const status = text.version === 1 ? 'F' : 'C';
  const numbers = `${text.number}^${sender}|${text.filler}^LIS`;
  return lines(
    header('ORU^R01^ORU_R01', text),
    pid(text),
    `ORC|RE|${numbers}`,
    `OBR|1|${numbers}|GLU^Glucose^L|||${hl7Time(text.time)}${'|'.repeat(18)}${status}`,
    `OBX|1|NM|2345-7^Glucose^LN||${text.version}|mg/dL^^UCUM|||||${status}`,
  );
}

/** ORU^R01 with one text of any length as its result; no payload of the load. */
export const textResultMessage = (text: Hl7Text & { readonly number: string }, value: string): Buffer =>
  lines(
    header('ORU^R01^ORU_R01', text),
    pid(text),
    `OBR|1||${text.number}^LIS|REP^Report^L|||${hl7Time(text.time)}`,
    `OBX|1|FT|REP^Report^L||${value}||||||F`,
  );

export const mllpOrderId = (number: string): string => orderIdOf(`${facility}|${sender}`, number);
export const resultId = (number: string): string => observationIdOf(`${facility}|LIS`, number, '2345-7^LN', '');

const header = (type: string, { controlId, time, isEnhanced }: Hl7Text): string =>
  `MSH|^~\\&|${type.startsWith('ORU') ? 'LIS' : sender}|HANEUL|CLINSTREAM|HANEUL|${hl7Time(time)}||${type}|${controlId}|P|2.5.1${isEnhanced ? '|||AL|NE' : ''}`;
const pid = ({ patientId }: Hl7Text): string => `PID|1||${patientId}^^^HIS^PI||Oracle^Patient||19740311|F`;
const lines = (...segments: readonly string[]): Buffer => Buffer.from(`${segments.join('\r')}\r`, 'utf8');

/** With milliseconds and zone, so that versions of a result are in order. */
const hl7Time = (time: Date): string =>
  `${time
    .toISOString()
    .replace(/[-:TZ]/g, '')
    .slice(0, 18)}+0000`;
