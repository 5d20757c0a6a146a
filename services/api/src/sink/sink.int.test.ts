import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { topics } from '@clinstream/contracts';
import type { AppError } from '@clinstream/runtime/errors';
import {
  at,
  cluster,
  ended,
  onProgress,
  onRequests,
  onResults,
  type Placed,
  progressed,
  progressOf,
  recordOf,
  requested,
  reviewed,
} from '../../test/events.ts';
import { feed, type SinkUnderTest, sinkUnderTest, wholeLog } from '../../test/sink-under-test.ts';
import { createFlush } from './flush.ts';
import { createJobMemory } from './job-memory.ts';
import { createSiblings } from './siblings.ts';
import { resetProjection } from './sql/reset-projection.ts';

let under: SinkUnderTest;
before(async () => {
  under = await sinkUnderTest();
});
after(() => under.end());
beforeEach(async () => {
  await resetProjection(under.postgres);
  await under.sink.startAt(cluster, wholeLog());
});

const statuses = () =>
  under.rows(`SELECT a.job_id, r.status, r.attempt, r.probability, a.requested_by, greatest(a.version, r.version) AS version
    FROM api.analyses a LEFT JOIN api.analysis_runs r USING (job_id) ORDER BY 1`);
const depth = () =>
  under.rows(`SELECT lane, sum(waiting)::int AS waiting, sum(running)::int AS running FROM api.queue_depth
    GROUP BY lane HAVING sum(waiting) <> 0 OR sum(running) <> 0 ORDER BY lane`);

test('a job goes from queued to completed, and the queue counts follow', async () => {
  await under.feed(onRequests(0, requested('a')), onRequests(1, requested('b')));
  assert.deepEqual(await depth(), [{ lane: 'routine', waiting: 2, running: 0 }]);
  await under.feed(onProgress(0, progressed('a')));
  assert.deepEqual(await depth(), [{ lane: 'routine', waiting: 1, running: 1 }]);
  await under.feed(onResults(0, ended('a')), onResults(1, ended('b')));
  assert.deepEqual(await depth(), []);
  assert.deepEqual(await statuses(), [
    { job_id: 'a', status: 'completed', attempt: 1, probability: 0.93, requested_by: 'lab-client', version: 3 },
    { job_id: 'b', status: 'completed', attempt: 1, probability: 0.93, requested_by: 'lab-client', version: 2 },
  ]);
  const [row] = await under.rows(`SELECT evidence_values, reasons FROM api.analysis_runs WHERE job_id = 'a'`);
  assert.deepEqual(row, { evidence_values: [0.5, -1.25, 0.125], reasons: [] });
});

test('a flush costs one statement per table it writes and one at the end, and none for kinds it has no events of', async () => {
  let statements = 0;
  const counted: typeof under.postgres = {
    ...under.postgres,
    transaction: (work) =>
      under.postgres.transaction((tx) => {
        const counting = {
          query: (...args: Parameters<typeof tx.query>) => {
            statements++;
            return tx.query(...args);
          },
          copyIn: (...args: Parameters<typeof tx.copyIn>) => {
            statements++;
            return tx.copyIn(...args);
          },
          last: (...args: Parameters<typeof tx.last>) => {
            statements++;
            return tx.last(...args);
          },
        };
        return work(counting as typeof tx);
      }),
  };
  const flush = createFlush(counted, createJobMemory(10), createSiblings());
  const costOf = async (...placed: readonly Placed[]): Promise<number> => {
    statements = 0;
    const records = placed.map(recordOf);
    await flush(records, progressOf(records));
    return statements;
  };
  assert.equal(await costOf(onRequests(0, requested('a')), onRequests(1, requested('b'))), 2);
  assert.equal(await costOf(onResults(0, ended('a'))), 2);
  assert.equal(await costOf(onRequests(2, requested('c')), onResults(1, ended('b'))), 3);
  assert.equal(await costOf(at(topics.reviews, 0, reviewed('a'))), 3);
});

test('the same event at two offsets takes effect once', async () => {
  await under.feed(onRequests(0, requested('a')), onRequests(1, requested('a')));
  await under.feed(onResults(0, ended('a')));
  const once = await statuses();
  await under.feed(onResults(1, ended('a')), onRequests(2, requested('a')));
  assert.deepEqual(await statuses(), once);
});

test('a late lower attempt and a replayed old state never win', async () => {
  const failed = ended('a', { type: 'AnalysisFailed', prediction: null, evidence: null, failure: { code: 'X', input: null } });
  await under.feed(onRequests(0, requested('a')), onResults(0, ended('a', { attempt: 2 })));
  const current = await statuses();
  await under.feed(onResults(1, failed), onProgress(0, progressed('a', { attempt: 1 })), onRequests(1, requested('a')));
  assert.deepEqual(await statuses(), current);
  await under.feed(onResults(2, ended('a', { attempt: 3, prediction: { label: 'benign', probability: 0.1, margin: null } })));
  assert.equal((await statuses())[0]?.['probability'], 0.1);
});

test('a result before its request stands, and the request completes its row', async () => {
  await under.feed(onResults(0, ended('a')));
  assert.deepEqual(await statuses(), [
    { job_id: 'a', status: 'completed', attempt: 1, probability: 0.93, requested_by: null, version: 1 },
  ]);
  await under.feed(onRequests(0, requested('a')));
  assert.deepEqual(await statuses(), [
    { job_id: 'a', status: 'completed', attempt: 1, probability: 0.93, requested_by: 'lab-client', version: 2 },
  ]);
  assert.deepEqual(await depth(), []);
});

test('reprocessing an ended job queues it again', async () => {
  await under.feed(onRequests(0, requested('a')), onResults(0, ended('a')));
  await under.feed(onRequests(1, requested('a', { generation: 2 })));
  assert.equal((await statuses())[0]?.['status'], 'queued');
  assert.deepEqual(await depth(), [{ lane: 'routine', waiting: 1, running: 0 }]);
  await under.feed(onResults(1, ended('a', { attempt: 9 })));
  assert.equal((await statuses())[0]?.['status'], 'queued', 'an end of the former generation is too late');
});

test('a zombie that flushes older offsets again changes nothing and moves no offset back', async () => {
  await under.feed(onRequests(0, requested('a')), onRequests(1, requested('b')), onRequests(2, requested('c')));
  const before = await statuses();
  await feed(under.another(), [onRequests(0, requested('z')), onRequests(1, requested('y'))]);
  assert.deepEqual(await statuses(), before);
  await feed(under.another(), [onRequests(2, requested('x')), onRequests(3, requested('d'))]);
  assert.deepEqual(
    (await statuses()).map((row) => row['job_id']),
    ['a', 'b', 'c', 'd'],
  );
  const [offset] = await under.rows(`SELECT next_offset FROM api.sink_offset WHERE topic = $1 AND partition = 0`, [
    topics.requests.routine,
  ]);
  assert.equal(offset?.['next_offset'], 4);
});

test('what another sink wrote meanwhile is found out, whatever this one remembers', async () => {
  const other = under.another();
  await under.feed(onRequests(0, requested('a')), onProgress(0, progressed('a')));
  await feed(other, [onResults(0, ended('a', { attempt: 4 }))]);
  await under.feed(onProgress(1, progressed('a', { attempt: 3 })));
  assert.deepEqual((await statuses())[0]?.['attempt'], 4);
  await feed(other, [onRequests(1, requested('b'))]);
  await under.feed(onRequests(2, requested('b')), onRequests(3, requested('c')));
  assert.deepEqual(
    (await statuses()).map((row) => row['job_id']),
    ['a', 'b', 'c'],
  );
});

test('an end of the first generation does not stand for a job that another sink has queued again meanwhile', async () => {
  const other = under.another();
  await under.feed(onRequests(0, requested('a')));
  await other.startAt(cluster, wholeLog());
  await feed(other, [onRequests(1, requested('a', { generation: 2 }))]);
  await under.feed(onResults(0, ended('a')));
  assert.equal((await statuses())[0]?.['status'], null);
  assert.deepEqual(await depth(), [{ lane: 'routine', waiting: 1, running: 0 }]);
});

test('a batch that jumps over offsets is refused, and nothing of it is written', async () => {
  await under.feed(onRequests(0, requested('a')));
  await assert.rejects(under.feed(onRequests(5, requested('b'))), (error: AppError) => {
    assert.deepEqual([error.code, error.kind], ['SINK_OFFSET_GAP', 'fatal']);
    return true;
  });
  assert.equal((await statuses()).length, 1);
});

test('a value no column takes is poison for its batch alone', async () => {
  await assert.rejects(under.feed(onRequests(0, requested('a\u0000'))), (error: AppError) => error.kind === 'poison');
  await under.feed(onRequests(0, requested('a')));
  assert.equal((await statuses()).length, 1);
});

test('a replay of everything changes no row, not even its storage', async () => {
  const log = [
    onRequests(0, requested('a')),
    onProgress(0, progressed('a')),
    onResults(0, ended('a')),
    onRequests(1, requested('b', { priority: 'urgent' })),
    onResults(1, ended('c')),
  ];
  await under.feed(...log);
  const storage = () =>
    under.rows(`SELECT 'ask' AS part, job_id, version, xmin::text, ctid::text FROM api.analyses
      UNION ALL SELECT 'run', job_id, version, xmin::text, ctid::text FROM api.analysis_runs ORDER BY 1, 2`);
  const before = await storage();
  const queues = await depth();
  const replayed = log.map((placed, index) => at(placed.topic, index + 100, placed.event));
  const sink = under.another();
  await under.rows(`UPDATE api.sink_offset SET next_offset = 100`);
  for (const placed of replayed) {
    await under.rows(`UPDATE api.sink_offset SET next_offset = $1`, [placed.offset]);
    await feed(sink, [placed]);
  }
  assert.deepEqual(await storage(), before);
  assert.deepEqual(await depth(), queues);
});

test('before the deploy step has made its function, a flush waits as for a dependency, and leaves nothing behind', async () => {
  await under.rows('ALTER FUNCTION api.refuse_flush() RENAME TO refuse_flush_away');
  const flushed = under.feed(onRequests(0, requested('a')));
  await assert
    .rejects(flushed, { code: 'POSTGRES_SCHEMA_MISSING', kind: 'retryable', scope: 'dependency' })
    .finally(() => under.rows('ALTER FUNCTION api.refuse_flush_away() RENAME TO refuse_flush'));
  assert.deepEqual(await statuses(), []);
  await under.feed(onRequests(0, requested('a')));
  assert.equal((await statuses()).length, 1);
});
