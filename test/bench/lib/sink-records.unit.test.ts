import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sinkBatches } from './sink-records.ts';

test('every job has one request and one result, a batch later, at offsets without a gap', () => {
  const batches = sinkBatches(25, 20);
  const events = batches.flatMap(({ records }, batch) =>
    records.map(({ event, offset }) => ({ batch, offset, type: event.type })),
  );
  const of = (type: string) => events.filter((event) => event.type === type);
  assert.equal(events.length, 50);
  assert.deepEqual(
    of('AnalysisRequested').map(({ offset }) => offset),
    Array.from({ length: 25 }, (_, i) => i),
  );
  assert.deepEqual(
    of('AnalysisCompleted').map(({ offset }) => offset),
    Array.from({ length: 25 }, (_, i) => i),
  );
  for (const end of of('AnalysisCompleted')) {
    assert.equal(end.batch, 1 + (of('AnalysisRequested').find(({ offset }) => offset === end.offset)?.batch ?? 99));
  }
  const ends = batches.flatMap(({ progress }) => progress.map(({ fromOffset, nextOffset }) => nextOffset - fromOffset));
  assert.equal(
    ends.reduce((sum, span) => sum + span, 0),
    50,
  );
});
