/**
 * A small day at a hospital: per patient an order that is amended, one that is cancelled, one whose result comes and is corrected, and an analysis
 * that a doctor approves. What is not acknowledged is sent again under the same name. What is kept is what the hospital's systems must show in the end.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { deterministicId } from '@clinstream/contracts';
import { waitFor } from '@clinstream/testkit';
import {
  analysisBody,
  createRandom,
  type ExpectedOrder,
  type ExpectedResource,
  laboratoryOrder,
  mllpOrderId,
  openMllp,
  orderedResult,
  patientKeyFor,
  postAnalysis,
  type Random,
  readCases,
  resultId,
} from '@clinstream/testkit/oracle/index';
import { ask } from './ask.ts';
import type { FaultContext } from './fault.ts';

export type HospitalDay = {
  readonly patients: readonly string[];
  readonly resources: readonly ExpectedResource[];
  readonly orders: readonly (ExpectedOrder & { readonly orderId: string; readonly sentAt: number })[];
};
export type DayOptions = {
  /** Part of every name. */
  readonly name: string;
  readonly patients: number;
  readonly seed: number;
};

const reviewedWithinMs = 60_000;

/** Placer numbers of a day, known before it begins: amended, cancelled and resulted ones, patient by patient. */
export const placersOf = ({ name, patients }: DayOptions): readonly string[] =>
  patientsOf(name, patients).flatMap((patient) => ['A', 'C', 'R'].map((kind) => `${patient}${kind}`));
const patientsOf = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${name}p${index}`);

/** Resolves once everything was acknowledged and every analysis was approved. */
export async function playDay(context: FaultContext, options: DayOptions): Promise<HospitalDay> {
  const { name, patients, seed } = options;
  const days = patientsOf(name, patients).map((patient, index) => playPatient(context, patient, createRandom(seed + index)));
  const played = await Promise.all(days);
  return {
    patients: patientsOf(name, patients),
    resources: played.flatMap(({ resources }) => resources),
    orders: played.flatMap(({ orders }) => orders),
  };
}

type Played = Omit<HospitalDay, 'patients'>;

async function playPatient({ rig, sends }: FaultContext, patientId: string, random: Random): Promise<Played> {
  const line = openMllp(rig.mllpPort, rig.http.timeoutMs);
  let messages = 0;
  const text = () => ({ controlId: `${patientId}-${++messages}`, patientId, time: new Date() });
  const send = async (message: Buffer): Promise<number> => {
    const at = Date.now();
    await insist(`a message of ${patientId}`, () => line.send(message));
    await delay(random.integer(400));
    return at;
  };
  const [amended, cancelled, resulted] = ['A', 'C', 'R'].map((kind) => `${patientId}${kind}`) as [string, string, string];
  const place = (number: string): Promise<number> => send(laboratoryOrder({ ...text(), number, control: 'NW' }));
  try {
    const jobId = await analyse(rig, patientId, random, sends);
    const placed = [await place(amended), await place(cancelled), await place(resulted)] as const;
    const isAtLaboratory = () =>
      rig
        .hospital()
        .lab.received()
        .some(({ placerNumber }) => placerNumber === resulted);
    await waitFor(isAtLaboratory, { what: `the laboratory knows ${resulted}`, deadlineMs: 60_000 });
    await send(orderedResult({ ...text(), number: resulted, filler: `${resulted}f`, version: 1 }));
    await send(laboratoryOrder({ ...text(), number: amended, control: 'XO', note: 'amended' }));
    await send(laboratoryOrder({ ...text(), number: cancelled, control: 'CA' }));
    await send(orderedResult({ ...text(), number: resulted, filler: `${resulted}f`, version: 2 }));
    const computed = await approve(rig, jobId);
    const order = (placerNumber: string, lastStage: number, sentAt: number) => ({
      ...{ placerNumber, lastStage, sentAt },
      orderId: mllpOrderId(placerNumber),
    });
    return {
      orders: [order(amended, 1, placed[0]), order(cancelled, 2, placed[1]), order(resulted, 0, placed[2])],
      resources: [...ofPatient(patientId), ...ofOrders(amended, cancelled, resulted), ...ofAnalysis(computed)],
    };
  } finally {
    line.close();
  }
}

const insist = (what: string, send: () => Promise<string>): Promise<unknown> =>
  waitFor(async () => (await send()) === 'ack', { what: `${what} is acknowledged`, deadlineMs: 60_000, everyMs: 300 });

async function analyse(
  rig: FaultContext['rig'],
  patientId: string,
  random: Random,
  sends: FaultContext['sends'],
): Promise<string> {
  const { cases, manifest } = readCases();
  const orderId = `${patientId}-analysis`;
  sends([orderId]);
  const body = analysisBody({ orderId, patientId, lane: 'stat', features: random.pick(cases).features }, manifest);
  let jobId = '';
  await insist(orderId, async () => {
    const told = await postAnalysis(rig.http, orderId, body);
    jobId = told.jobId ?? '';
    return told.answer;
  });
  return jobId;
}

type Computed = {
  readonly jobId: string;
  readonly status: string;
  readonly generation: number;
  readonly attempt: number;
  readonly model: { readonly version: string; readonly digest: string } | null;
  readonly evidence: object | null;
};

async function approve({ api }: FaultContext['rig'], jobId: string): Promise<Computed> {
  let computed: Computed | null = null;
  const isReviewed = async (): Promise<boolean> => {
    const { status, body } = await ask<Computed>(api, `/v1/analyses/${jobId}`);
    if (status !== 200 || body.status !== 'completed') return false;
    computed = body;
    const { generation, attempt, model } = body;
    const review = { decision: 'approve', generation, attempt, modelVersion: model?.version, modelDigest: model?.digest };
    return (await ask(api, `/v1/analyses/${jobId}/review`, review)).status === 202;
  };
  await waitFor(isReviewed, { what: `${jobId} is approved`, deadlineMs: reviewedWithinMs, everyMs: 300 });
  if (computed === null) throw new Error(`${jobId} was not seen`);
  return computed;
}

const fhirId = (type: string, ...source: readonly string[]): string => `${type}/${deterministicId('fhir', type, ...source)}`;

const ofPatient = (patientId: string): readonly ExpectedResource[] => [
  { path: fhirId('Patient', patientKeyFor(patientId)), what: `patient ${patientId}`, lastStage: 0 },
];

const ofOrders = (amended: string, cancelled: string, resulted: string): readonly ExpectedResource[] => [
  ...[amended, cancelled, resulted].map((number) => ({
    path: fhirId('ServiceRequest', mllpOrderId(number)),
    what: `order ${number}`,
    lastStage: 1,
  })),
  { path: fhirId('Observation', 'result', resultId(`${resulted}f`)), what: `result of ${resulted}`, lastStage: 1 },
];

const ofAnalysis = ({ jobId, generation, attempt, evidence }: Computed): readonly ExpectedResource[] =>
  [
    fhirId('DiagnosticReport', jobId),
    fhirId('Observation', 'prediction', jobId),
    ...(evidence === null ? [] : [fhirId('Observation', 'evidence', jobId)]),
    fhirId('Provenance', jobId, String(generation), String(attempt)),
  ]
    .map((path) => ({ path, what: `approved result of ${jobId}`, lastStage: 0 }))
    .concat({ path: fhirId('Task', jobId), what: `task of ${jobId}`, lastStage: 3 });
