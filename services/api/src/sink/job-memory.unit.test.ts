import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KnownAnalysis } from './analysis-tables.ts';
import { createJobMemory } from './job-memory.ts';

const job = (jobId: string, status = 'queued', requestedGeneration = 1): KnownAnalysis =>
  ({ state: { jobId, status, requestedGeneration } }) as unknown as KnownAnalysis;

test('a job is remembered until it has ended', () => {
  const memory = createJobMemory(10);
  memory.remember(job('a'));
  memory.remember(job('a', 'running'));
  assert.equal(memory.get('a')?.state.status, 'running');
  memory.remember(job('a', 'completed'));
  assert.equal(memory.get('a'), undefined);
});

test('an end that came before its request is remembered until the request has come', () => {
  const memory = createJobMemory(10);
  memory.remember(job('a', 'completed', 0));
  assert.equal(memory.get('a')?.state.status, 'completed', 'or its request would be taken for a new job');
  memory.remember(job('a', 'completed', 1));
  assert.equal(memory.get('a'), undefined);
});

test('memory is bounded: of many the newest half at least is kept, and never more than the limit', () => {
  const memory = createJobMemory(10);
  const ids = Array.from({ length: 1_000 }, (_, n) => `job-${n}`);
  for (const id of ids) {
    memory.remember(job(id));
    assert.ok(memory.get(id));
  }
  const kept = ids.filter((id) => memory.get(id) !== undefined);
  assert.ok(kept.length <= 10, `${kept.length} are kept`);
  assert.deepEqual(kept.slice(-5), ids.slice(-5));
});

test('what was forgotten as ended is not found in the elder generation', () => {
  const memory = createJobMemory(4);
  for (const id of ['a', 'b', 'c']) memory.remember(job(id));
  memory.remember(job('a', 'failed'));
  assert.equal(memory.get('a'), undefined);
  memory.clear();
  assert.equal(memory.get('c'), undefined);
});
