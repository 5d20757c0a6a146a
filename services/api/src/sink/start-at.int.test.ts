import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { topics } from '@clinstream/contracts';
import type { AppError } from '@clinstream/runtime/errors';
import { cluster, onRequests, progressOf, recordOf, requested } from '../../test/events.ts';
import { type SinkUnderTest, sinkUnderTest, wholeLog } from '../../test/sink-under-test.ts';
import { resetProjection } from './sql/reset-projection.ts';

let under: SinkUnderTest;
before(async () => {
  under = await sinkUnderTest();
});
after(() => under.end());
beforeEach(async () => {
  await resetProjection(under.postgres);
  await under.sink.startAt(cluster, wholeLog());
  await under.feed(...Array.from({ length: 5 }, (_, i) => onRequests(i, requested(`job-${i}`))));
  await under.rows(`UPDATE api.sink_offset SET updated_at = now() - interval '1 minute'`);
});

const topic = topics.requests.routine;
const bounds = (logStartOffset: number, logEndOffset: number) => [{ topic, partition: 0, logStartOffset, logEndOffset }];
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error: AppError) => `${error.code} ${error.kind}`,
  );
const counted = async (name: string) => (await under.telemetry.registry.getSingleMetric(name)?.get())?.values[0]?.value;

test('goes on from what is stored, whatever Kafka has committed; a partition never seen begins at its log start', async () => {
  const starts = await under.sink.startAt(cluster, [
    ...bounds(0, 9),
    { topic, partition: 7, logStartOffset: 40, logEndOffset: 90 },
  ]);
  assert.deepEqual(starts, [
    { topic, partition: 0, nextOffset: 5 },
    { topic, partition: 7, nextOffset: 40 },
  ]);
});

test('Kafka wiped under a kept Postgres is fatal, with the command that resets on purpose', async () => {
  for (const work of [under.sink.startAt(cluster, bounds(0, 3)), under.sink.startAt('cluster-2', bounds(0, 9))]) {
    await assert.rejects(work, (error: AppError) => {
      assert.deepEqual([error.code, error.kind], ['SINK_OTHER_LOG', 'fatal']);
      assert.match(error.message, /reset-projection\.ts --yes-drop-projection/);
      return true;
    });
  }
  await resetProjection(under.postgres);
  assert.deepEqual(await under.sink.startAt('cluster-2', bounds(0, 3)), [{ topic, partition: 0, nextOffset: 0 }]);
});

test('an offset that another sink moves right now is looked at again before it is called wrong', async () => {
  await under.rows('UPDATE api.sink_offset SET updated_at = now()');
  assert.equal(await codeOf(under.sink.startAt(cluster, bounds(0, 3))), 'SINK_OFFSET_MOVING retryable');
});

test('records that retention ate are written down, counted, and stepped over once', async () => {
  const [gaps, lost] = [await counted('clinstream_sink_gaps_total'), await counted('clinstream_sink_lost_records_total')];
  const starts = await under.sink.startAt(cluster, bounds(20, 30));
  assert.deepEqual(starts, [{ topic, partition: 0, nextOffset: 20 }]);
  await under.another().startAt(cluster, bounds(20, 30));
  const rows = await under.rows('SELECT topic, partition, from_offset, to_offset FROM api.gaps');
  assert.deepEqual(rows, [{ topic, partition: 0, from_offset: 5, to_offset: 20 }]);
  assert.equal(await counted('clinstream_sink_gaps_total'), Number(gaps) + 1);
  assert.equal(await counted('clinstream_sink_lost_records_total'), Number(lost) + 15);
});

test('a gap met while reading is written down by the flush that steps over it', async () => {
  const record = recordOf(onRequests(8, requested('job-8')));
  const [step] = progressOf([record]);
  assert.ok(step);
  const progress = [{ ...step, fromOffset: 5, gaps: [{ fromOffset: 5, toOffset: 8 }] }];
  await under.sink.apply([record], progress);
  await under.another().apply([record], progress);
  const rows = await under.rows('SELECT from_offset, to_offset FROM api.gaps');
  assert.deepEqual(rows, [{ from_offset: 5, to_offset: 8 }]);
});

test('a projection reset under a running sink is fatal, not silently empty', async () => {
  await resetProjection(under.postgres);
  assert.equal(await codeOf(under.feed(onRequests(5, requested('job-5')))), 'SINK_OFFSET_MISSING fatal');
});

test('Kafka wiped under a running sink is fatal, not a crowd of repeated records', async () => {
  assert.equal(await codeOf(under.feed(onRequests(0, requested('job-of-the-new-log')))), 'SINK_LOG_WENT_BACK fatal');
  await under.sink.startAt(cluster, bounds(0, 9));
  assert.equal(
    await codeOf(under.feed(onRequests(0, requested('redelivered')))),
    'none',
    'after a new assignment it is a repetition',
  );
});
