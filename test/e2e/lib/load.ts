/**
 * A load of jobs and the ledger of what was acknowledged: the oracle that judges after the faults are over. It knows a job by the reference its
 * sender gave it, and its right answer by the case it was made from.
 */
import assert from 'node:assert/strict';
import { listAll, patient, queuesOf, type View } from './analyses.ts';
import { inputsOf, probabilityOf } from './cases.ts';
import { type House, until } from './house.ts';

export type Line = { readonly reference: string; readonly patientId: string; readonly index: number };
/** Job ids by reference: those that were acknowledged. */
export type Ledger = Map<string, string>;

/** `count` jobs of `patients` patients, each patient's jobs in a row of their own. */
export const linesOf = (name: string, count: number, patients: number): readonly Line[] =>
  Array.from({ length: count }, (_, index) => ({
    reference: `${name}-${index}`,
    patientId: `${name}-p${index % patients}`,
    index,
  }));

const ndjsonOf = (lines: readonly Line[]): string =>
  lines
    .map(({ reference, patientId, index }) =>
      JSON.stringify({
        reference,
        patient: patient(patientId),
        model: 'breast-cancer',
        inputs: inputsOf(index),
        // By turns for each patient: jobs that want evidence stand first in a model's batch and would overtake, were they ever in one together.
        evidence: Math.floor(index / 30) % 2 === 1,
      }),
    )
    .join('\n');

type LineAnswer = { readonly reference: string; readonly status: number; readonly jobId?: string };

/** Sends lines as one batch and enters into the ledger what was acknowledged until the answer, or the connection, ended. */
export async function sendBatch(house: House, lines: readonly Line[], ledger: Ledger): Promise<void> {
  const token = await house.system.token({ roles: ['system'], client: 'e2e' });
  let text = '';
  try {
    const response = await fetch(`${house.system.ingestUrl}/v1/analyses:batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
      body: ndjsonOf(lines),
    });
    if (response.status !== 200 || response.body === null) return;
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) text += chunk;
  } catch {
    // The service went away in the middle: what it acknowledged before counts, nothing else.
  }
  // An answer cut in its middle is none.
  for (const answer of text
    .split('\n')
    .slice(0, -1)
    .filter(Boolean)
    .map((line) => JSON.parse(line) as LineAnswer)) {
    if (answer.status === 202 && answer.jobId !== undefined) ledger.set(answer.reference, answer.jobId);
  }
}

/** What a real sender does: batches one after another, and again whatever was not acknowledged, until everything is. */
export async function sendAll(house: House, lines: readonly Line[], ledger: Ledger, perBatch = 250): Promise<void> {
  const missing = () => lines.filter(({ reference }) => !ledger.has(reference));
  await until(
    async () => {
      for (let open = missing(), at = 0; at < open.length; at += perBatch)
        await sendBatch(house, open.slice(at, at + perBatch), ledger);
      return missing().length === 0;
    },
    'every line is acknowledged',
    120_000,
  );
}

/** Jobs of this load that ended, as they stand. */
export const endedOf = async (house: House, name: string): Promise<readonly View[]> =>
  (await listAll(house, '&status=completed')).filter(({ patientKey }) => patientKey?.startsWith(`SEOUL|MRN|${name}-p`));

/** A result read before its request moves in the list when the request comes, and a later page may show it again: until then the list is not final. */
const isOnceEach = (views: readonly View[]): boolean => new Set(views.map(({ jobId }) => jobId)).size === views.length;

/**
 * Judges: every acknowledged job has exactly one result, the right one, of its first attempt; nothing was invented; nothing waits any more.
 */
export async function judge(house: House, name: string, lines: readonly Line[], ledger: Ledger): Promise<void> {
  const ended = await until(
    async () => {
      const views = await endedOf(house, name);
      return views.length >= ledger.size && isOnceEach(views) && views;
    },
    `${ledger.size} results of ${name}, none of them listed twice`,
    90_000,
  );
  const byJob = new Map(ended.map((view) => [view.jobId, view]));
  assert.deepEqual(new Set(byJob.keys()), new Set(ledger.values()), 'acknowledged and ended are the same jobs');
  for (const { reference, patientId, index } of lines) {
    const view = byJob.get(ledger.get(reference) ?? '');
    assert.equal(view?.patientKey, `SEOUL|MRN|${patientId}`, reference);
    assert.equal(view.attempt, 1, `${reference}: no attempt was counted`);
    const difference = Math.abs((view.prediction?.probability ?? Number.NaN) - probabilityOf(index));
    assert.ok(difference <= 1e-5, `${reference}: the result is that of its own input`);
  }
  const { lanes } = await queuesOf(house);
  assert.deepEqual(
    lanes.map(({ waiting, running }) => [waiting, running]),
    [
      [0, 0],
      [0, 0],
      [0, 0],
    ],
    'the counts are right again',
  );
}
