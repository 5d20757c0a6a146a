/** Laboratory days for the sync benchmarks: per patient one order and its results, some reported again. Real producer, codecs and topics. */
import { type ObservationEvent, type OrderEvent, observationIdOf, orderIdOf, topics } from '@clinstream/contracts';
import { waitFor } from '@clinstream/local';
import { createKafka } from '@clinstream/runtime/kafka';
import { createEventProducer } from '@clinstream/runtime/producer';
import { createCodecs } from '@clinstream/runtime/registry';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { observed, ordered } from '@clinstream/testkit/events';
import type pg from 'pg';
import type { BenchStack } from './stack.ts';

type Target = 'fhir' | 'lis';
export type ClinicalEvent =
  | { readonly topic: typeof topics.orders; readonly value: OrderEvent }
  | { readonly topic: typeof topics.observations; readonly value: ObservationEvent };

export const patientKeyOf = (run: string, patient: number): string => `BENCH|MRN|${run}-${String(patient).padStart(5, '0')}`;

const authority = 'BENCH|HIS';

export function orderEvent(run: string, patient: number, change: Partial<OrderEvent> = {}): ClinicalEvent {
  const placerNumber = `${run}-${patient}`;
  const value = ordered(orderIdOf(authority, placerNumber), {
    patientKey: patientKeyOf(run, patient),
    placerNumber,
    placerAuthority: authority,
    contentDigest: `${placerNumber}-1`,
    sourceVersion: Date.now(),
    requestedAt: Date.now(),
    ...change,
  });
  return { topic: topics.orders, value };
}

const tests = [
  { code: '718-7', display: 'Hemoglobin', unit: 'g/dL', value: 13.2 },
  { code: '6690-2', display: 'Leukocytes', unit: '10*3/uL', value: 6.8 },
  { code: '777-3', display: 'Platelets', unit: '10*3/uL', value: 231 },
] as const;

function resultEvent(
  run: string,
  patient: number,
  index: number,
  status: ObservationEvent['status'],
  version: number,
): ClinicalEvent {
  const test = tests[index] ?? tests[0];
  const number = `F${run}-${patient}`;
  const value = observed(observationIdOf(authority, number, test.code, ''), {
    patientKey: patientKeyOf(run, patient),
    orderId: orderIdOf(authority, `${run}-${patient}`),
    fillerNumber: number,
    code: { code: test.code, system: 'LN', display: test.display },
    value: { numeric: test.value + version / 10, comparator: null, text: null, unit: test.unit },
    status,
    referenceRange: null,
    effectiveAt: new Date().toISOString(),
    sourceVersion: Date.now() + version,
  });
  return { topic: topics.observations, value };
}

/** What comes of one patient, in order; each changes something that a target is told. */
export const dayOf = (run: string, patient: number): readonly ClinicalEvent[] => [
  orderEvent(run, patient),
  resultEvent(run, patient, 0, 'preliminary', 1),
  resultEvent(run, patient, 0, 'final', 2),
  resultEvent(run, patient, 1, 'preliminary', 1),
  resultEvent(run, patient, 1, 'final', 2),
  resultEvent(run, patient, 1, 'corrected', 3),
  resultEvent(run, patient, 2, 'final', 1),
  resultEvent(run, patient, 2, 'corrected', 2),
];

export type ClinicalDoor = {
  publish(events: readonly ClinicalEvent[]): Promise<void>;
  /** Resolves once the target has taken in all that was published here. */
  takenIn(db: pg.Client, target: Target): Promise<void>;
  /** Resolves once it has, and nothing waits any more. Each look costs the database a little. */
  settled(db: pg.Client, target: Target, everyMs?: number): Promise<void>;
  close(): Promise<void>;
};

let sequence = 0;

export async function openClinical(stack: BenchStack): Promise<ClinicalDoor> {
  const telemetry = createSilentTelemetry();
  const kafka = createKafka({ brokers: stack.brokers.split(','), tls: null, sasl: null }, telemetry);
  const names = [topics.orders, topics.observations];
  const codecs = createCodecs({ registry: { url: stack.registryUrl, auth: null }, topics: names, telemetry });
  const producer = createEventProducer({ kafka, codecs, telemetry });
  await codecs.start();
  await producer.start();
  const ends = new Map<string, number>();
  const publishOne = async ({ topic, value }: ClinicalEvent): Promise<void> => {
    const envelope = {
      eventId: `bench-${process.pid}-${++sequence}`,
      eventType: value.type,
      occurredAt: Date.now(),
      correlationId: value.patientKey,
      traceparent: null,
      source: 'ingest' as const,
      attempt: 1,
    };
    const event = topic === topics.orders ? { topic, value } : { topic, value };
    const at = await producer.publish({ ...event, key: value.patientKey, envelope } as Parameters<typeof producer.publish>[0]);
    const partition = `${at.topic}/${at.partition}`;
    ends.set(partition, Math.max(ends.get(partition) ?? 0, Number(at.offset) + 1));
  };
  return {
    publish: async (events) => {
      for (let from = 0; from < events.length; from += 2_000) await Promise.all(events.slice(from, from + 2_000).map(publishOne));
    },
    takenIn: async (db, target) =>
      void (await waitFor(() => hasTakenIn(db, target, ends), {
        deadlineMs: 300_000,
        everyMs: 50,
        what: `${target} has taken in everything`,
      })),
    settled: async (db, target, everyMs = 10) =>
      void (await waitFor(async () => (await hasTakenIn(db, target, ends)) && (await waiting(db, target)) === 0, {
        deadlineMs: 900_000,
        everyMs,
        what: `${target} has everything`,
      })),
    close: async () => {
      await producer.stop(AbortSignal.timeout(10_000));
      await codecs.stop(AbortSignal.timeout(10_000));
    },
  };
}

async function hasTakenIn(db: pg.Client, target: Target, ends: ReadonlyMap<string, number>): Promise<boolean> {
  const { rows } = await db.query<{ partition: string; next: string }>(
    "SELECT topic || '/' || partition AS partition, next_offset AS next FROM sync.target_offset WHERE target = $1",
    [target],
  );
  const next = new Map(rows.map((row) => [row.partition, Number(row.next)]));
  return [...ends].every(([partition, end]) => (next.get(partition) ?? 0) >= end);
}

async function waiting(db: pg.Client, target: Target): Promise<number> {
  const { rows } = await db.query('SELECT count(*)::int AS waiting FROM sync.deliveries WHERE target = $1 AND waiting', [target]);
  return rows[0].waiting;
}

export type Outcomes = { readonly subjects: number; readonly patients: number; readonly seconds: number };

/** What the ledger says of a run, between its first and its last outcome. Throws when one is not delivered: refusals are no throughput. */
export async function outcomesOf(db: pg.Client, target: Target, run: string): Promise<Outcomes> {
  const { rows } = await db.query(
    `SELECT count(*)::int AS subjects, count(DISTINCT patient_key)::int AS patients,
  count(*) FILTER (WHERE outcome IS DISTINCT FROM 'delivered')::int AS other,
  min(code) FILTER (WHERE outcome IS DISTINCT FROM 'delivered') AS code,
  ((max(outcome_at) - min(outcome_at)) / 1000.0)::float8 AS seconds
FROM sync.deliveries WHERE target = $1 AND patient_key LIKE $2`,
    [target, `BENCH|MRN|${run}-%`],
  );
  const { subjects, patients, other, code, seconds } = rows[0];
  if (other > 0) throw new Error(`${other} of ${subjects} were not delivered: ${code}`);
  return { subjects, patients, seconds };
}
