import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Lane, lanes } from '@clinstream/contracts';
import fc from 'fast-check';
import { createFairShare } from '../../lanes/fair-share.ts';
import { createJobQueue, type QueuedJob } from './job-queue.ts';

type Job = QueuedJob & { readonly id: number };

const job = (id: number, rest: Partial<Job> = {}): Job => ({
  id,
  lane: 'routine',
  model: 0,
  alone: false,
  order: 0,
  ...rest,
});
const queueOf = (jobs: readonly Job[]) => {
  const queue = createJobQueue<Job>(createFairShare());
  for (const one of jobs) queue.push(one);
  return queue;
};
const ids = (jobs: readonly Job[]): number[] => jobs.map((one) => one.id);

const anyJobs = fc
  .array(fc.record({ lane: fc.constantFrom(...lanes), model: fc.nat(2), alone: fc.boolean() }), { maxLength: 80 })
  .map((list) => list.map((one, id) => job(id, one)));

describe('job queue', () => {
  it('hands out every job exactly once, in order within a lane and model, one model per batch, lone jobs alone', () => {
    fc.assert(
      fc.property(anyJobs, fc.integer({ min: 1, max: 10 }), (jobs, maxRows) => {
        const queue = queueOf(jobs);
        const served: Job[] = [];
        while (queue.size > 0) {
          const batch = queue.takeBatch(maxRows);
          assert.ok(batch.length >= 1 && batch.length <= maxRows);
          assert.equal(new Set(batch.map((one) => one.model)).size, 1);
          assert.ok(batch.length === 1 || batch.every((one) => !one.alone));
          served.push(...batch);
        }
        assert.deepEqual(ids(served).sort(byNumber), ids(jobs));
        for (const line of Map.groupBy(served, (one) => `${one.lane}/${one.model}/${one.alone}`).values()) {
          assert.deepEqual(ids(line), ids(line).sort(byNumber));
        }
      }),
    );
  });

  it('fills a batch with whatever waits', () => {
    const queue = queueOf([job(1), job(2, { lane: 'stat' }), job(3, { lane: 'urgent' })]);
    assert.deepEqual(ids(queue.takeBatch(10)).sort(byNumber), [1, 2, 3]);
    assert.deepEqual(queue.takeBatch(10), []);
  });

  it('takes a stat job that has just come into the very next batch, behind any routine backlog', () => {
    const queue = queueOf(Array.from({ length: 5_000 }, (_, id) => job(id)));
    queue.takeBatch(256);
    queue.push(job(9_999, { lane: 'stat' }));
    assert.ok(ids(queue.takeBatch(256)).includes(9_999));
  });

  it('gives a routine job a place in every batch of a stat flood', () => {
    const queue = queueOf([
      ...Array.from({ length: 2_000 }, (_, id) => job(id, { lane: 'stat' as Lane })),
      ...Array.from({ length: 10 }, (_, id) => job(10_000 + id)),
    ]);
    const batch = queue.takeBatch(64);
    assert.ok(batch.some((one) => one.lane === 'routine'));
    assert.ok(batch.filter((one) => one.lane === 'stat').length > 40);
  });

  it('puts jobs that did not run back before the others, in their order', () => {
    const queue = queueOf([1, 2, 3, 4, 5].map((id) => job(id)));
    const batch = queue.takeBatch(3);
    queue.putBack(batch);
    assert.equal(queue.size, 5);
    assert.deepEqual(ids(queue.takeBatch(10)), [1, 2, 3, 4, 5]);
  });

  it('runs lone jobs in their turn, between the batches of others', () => {
    const queue = queueOf([job(1), job(2), job(3, { alone: true }), job(4), job(5, { alone: true })]);
    const batches = [1, 2, 3].map(() => ids(queue.takeBatch(10)));
    assert.deepEqual(batches, [[1, 2, 4], [3], [5]]);
  });

  it('lets no model starve another', () => {
    const queue = queueOf([...Array.from({ length: 100 }, (_, id) => job(id)), job(500, { model: 1 })]);
    for (let i = 100; i < 200; i++) queue.push(job(i));
    const seen = [0, 1, 2].flatMap(() => ids(queue.takeBatch(100)));
    assert.ok(seen.includes(500));
  });

  it('gives up everything that waits', () => {
    const queue = queueOf([job(1), job(2, { model: 2, lane: 'stat' })]);
    assert.deepEqual(ids(queue.takeAll()).sort(byNumber), [1, 2]);
    assert.equal(queue.size, 0);
    assert.equal(queue.waiting('routine'), 0);
  });
});

const byNumber = (a: number, b: number): number => a - b;
