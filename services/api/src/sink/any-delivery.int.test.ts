/** Whatever the order, the batches, the repetitions and the number of sinks: the tables hold what the pure reducer says. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type AnalysisEvent, type AnalysisState, reduceAnalysis, type Topic, topics } from '@clinstream/contracts';
import fc from 'fast-check';
import { cluster, ended, type Placed, progressed, progressOf, recordOf, requested, reviewed, today } from '../../test/events.ts';
import { type SinkUnderTest, sinkUnderTest, wholeLog } from '../../test/sink-under-test.ts';
import { createDepthChanges, type DepthChange } from '../domain/queue-depth.ts';
import { knownFromRow } from './analysis-from-row.ts';
import { loadAnalyses } from './sql/load-analyses.ts';
import { resetProjection } from './sql/reset-projection.ts';

let under: SinkUnderTest;
before(async () => {
  under = await sinkUnderTest(3);
});
after(() => under.end());

const jobId = fc.constantFrom('a', 'b', 'c', 'd');
const generation = fc.integer({ min: 1, max: 2 });
const attempt = fc.integer({ min: 1, max: 3 });
const anyEvent: fc.Arbitrary<readonly [Topic, AnalysisEvent]> = fc.oneof(
  fc.tuple(jobId, generation, fc.constantFrom('routine', 'stat')).map(([id, g, priority]) => [
    topics.requests.routine,
    requested(id, {
      generation: g,
      priority: priority as 'stat',
      modelVersion: `asked-${g}`,
      requestedAt: today + g * 1_000,
      inputObservations: [`o-${g}`],
    }),
  ]),
  fc
    .tuple(jobId, generation, attempt, fc.constantFrom(0, 50))
    .map(([id, g, n, percent]) => [
      topics.progress,
      progressed(id, { generation: g, attempt: n, percent, at: today + g * 1_000 + n * 10 + percent }),
    ]),
  fc.tuple(jobId, generation, attempt).map(([id, g, n]) => [
    topics.results.routine,
    n === 2
      ? ended(id, {
          type: 'AnalysisFailed',
          generation: g,
          attempt: n,
          prediction: null,
          evidence: null,
          failure: { code: 'X', input: 'é"\\' },
        })
      : ended(id, { generation: g, attempt: n, reasons: ['a,b', 'c"d'] }),
  ]),
  fc.tuple(jobId, generation, attempt, fc.integer({ min: 1, max: 3 })).map(([id, g, n, later]) => [
    topics.reviews,
    reviewed(id, {
      type: later % 2 === 0 ? 'AnalysisRejected' : 'AnalysisApproved',
      generation: g,
      attempt: n,
      comment: 'é"\\\u0000',
      at: today + later,
    }),
  ]),
) as unknown as fc.Arbitrary<readonly [Topic, AnalysisEvent]>;

/** Batches of events; each batch goes to one of two sinks, and may be flushed twice. */
const anyRun = fc.array(
  fc.record({ events: fc.array(anyEvent, { minLength: 1, maxLength: 5 }), sink: fc.nat(1), twice: fc.boolean() }),
  { minLength: 1, maxLength: 6 },
);

function place(events: readonly (readonly [Topic, AnalysisEvent])[], offsets: Map<string, number>): readonly Placed[] {
  return events.map(([topic, event]) => {
    const offset = offsets.get(topic) ?? 0;
    offsets.set(topic, offset + 1);
    return { topic, event, offset } as Placed;
  });
}

type Batch = { readonly events: readonly (readonly [Topic, AnalysisEvent])[]; readonly sink: number; readonly twice: boolean };

/** Feeds the batches to two sinks, whose memories grow apart, and says what the reducer makes of them. */
async function deliver(run: readonly Batch[]): Promise<readonly AnalysisState[]> {
  const sinks = [under.another(), under.another()];
  for (const sink of sinks) await sink.startAt(cluster, wholeLog(1));
  const offsets = new Map<string, number>();
  const states = new Map<string, AnalysisState>();
  for (const { events, sink, twice } of run) {
    const records = place(events, offsets).map(recordOf);
    await sinks[sink]?.apply(records, progressOf(records));
    if (twice) await sinks[1 - sink]?.apply(records, progressOf(records));
    for (const [, event] of events) {
      const next = reduceAnalysis(states.get(event.jobId) ?? null, event);
      if (next) states.set(event.jobId, next);
    }
  }
  return [...states.values()].sort(byId);
}

const byId = (a: AnalysisState, b: AnalysisState) => (a.jobId < b.jobId ? -1 : 1);

test('the tables hold what the reducer says, and the counts what the tables say', async () => {
  await fc.assert(
    fc.asyncProperty(anyRun, async (run) => {
      await resetProjection(under.postgres);
      const expected = await deliver(run);
      const stored = await loadAnalyses(under.postgres, ['a', 'b', 'c', 'd']);
      assert.deepEqual(stored.map((row) => knownFromRow(row).state).sort(byId), expected);
      assert.deepEqual(await storedDepth(), depthOf(expected));
    }),
    { numRuns: 60 },
  );
});

function depthOf(states: readonly AnalysisState[]): readonly DepthChange[] {
  const depth = createDepthChanges();
  for (const state of states) depth.moved(null, state, 0);
  return depth.list();
}

async function storedDepth(): Promise<readonly unknown[]> {
  const rows =
    await under.rows(`SELECT lane, partition, requested_second AS "requestedSecond", waiting, running FROM api.queue_depth
    WHERE waiting <> 0 OR running <> 0`);
  const keyOf = (row: (typeof rows)[number]): string => `${row['lane']} ${row['partition']} ${row['requestedSecond']}`;
  return [...rows].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
