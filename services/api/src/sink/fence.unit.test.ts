import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topics } from '@clinstream/contracts';
import type { AppError } from '@clinstream/runtime/errors';
import { onRequests, progressOf, recordOf, requested } from '../../test/events.ts';
import { fence, unfenced } from './fence.ts';

const topic = topics.requests.routine;
const records = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => recordOf(onRequests(from + i, requested(`job-${from + i}`))));
const at = (next_offset: number) => [{ topic, partition: 0, next_offset }];
const offsetsOf = (fenced: ReturnType<typeof fence>) => fenced.records.map((record) => record.offset);

test('records at and beyond the stored offset count, older ones do not', () => {
  const batch = records(3, 8);
  const fresh = fence(batch, progressOf(batch), at(3));
  assert.deepEqual([offsetsOf(fresh), fresh.repeated], [[3, 4, 5, 6, 7], 0]);
  const partly = fence(batch, progressOf(batch), at(6));
  assert.deepEqual([offsetsOf(partly), partly.repeated, partly.offsets[0]?.nextOffset], [[6, 7], 3, 8]);
  const zombie = fence(batch, progressOf(batch), at(9));
  assert.deepEqual([offsetsOf(zombie), zombie.repeated, zombie.offsets], [[], 5, []]);
});

test('a jump and a partition without an offset are fatal', () => {
  const batch = records(3, 5);
  const codes = [at(2), []].map((stored) => {
    try {
      fence(batch, progressOf(batch), stored);
      return 'none';
    } catch (error) {
      return (error as AppError).code;
    }
  });
  assert.deepEqual(codes, ['SINK_OFFSET_GAP', 'SINK_OFFSET_MISSING']);
});

test('on trust everything counts, and the end of the flush knows where the batch began', () => {
  const batch = records(3, 5);
  const fenced = unfenced(batch, progressOf(batch));
  assert.deepEqual([offsetsOf(fenced), fenced.offsets[0]?.fromOffset, fenced.offsets[0]?.nextOffset], [[3, 4], 3, 5]);
});
