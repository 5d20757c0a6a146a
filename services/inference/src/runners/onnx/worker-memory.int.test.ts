/** The real worker process with the real model, and how much memory it may hold. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger, createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { waitFor } from '@clinstream/testkit';
import { childrenOf, jobOf, outcome, useWorkers } from './fixtures/test-workers.ts';

const leaking = new URL('./fixtures/leaking-worker.ts', import.meta.url);

describe('the memory of model workers', { timeout: 120_000 }, () => {
  const { start } = useWorkers();

  it('replaces a worker that leaks between two batches: every job is answered, each replacement counted and said', async () => {
    const lines: string[] = [];
    const log = createLogger({ name: 'test', level: 'info', destination: { write: (line) => void lines.push(line) } });
    const telemetry = { ...createSilentTelemetry(), log };
    const metric = async (pattern: RegExp): Promise<number> => Number(pattern.exec(await telemetry.registry.metrics())?.[1] ?? 0);
    await start({}, telemetry);
    const loadedBytes = await metric(/clinstream_model_worker_resident_bytes (\d+)/);
    assert.ok(loadedBytes > 0);
    const roomBytes = 30 * 1024 * 1024;
    const workers = await start({ entry: leaking, maxWorkerBytes: loadedBytes + roomBytes }, telemetry);
    const replaced = () => metric(/workers_gone_total\{reason="outgrown"\} (\d+)/);
    const results = new Set<string>();
    await waitFor(
      async () => {
        // More than one batch at a time, so that one stands behind the one that goes too far.
        const jobs = Array.from({ length: 4 }, () => workers.predict(jobOf({ alone: true })));
        for (const result of await Promise.all(jobs.map(outcome))) results.add(result);
        return (await replaced()) >= 3;
      },
      { deadlineMs: 60_000, what: 'the leaking worker is replaced three times' },
    );
    assert.deepEqual([...results], ['answered']);
    assert.match(lines.join(''), /"bytes":\d+,"limit":\d+.*"a model worker outgrew its memory and is replaced"/);
  });

  it('keeps a worker that stays within its memory, and refuses to start with models that do not fit', async () => {
    const telemetry = createSilentTelemetry();
    const workers = await start({ maxWorkerBytes: 8 * 1024 ** 3 }, telemetry);
    const [before] = childrenOf(process.pid);
    for (let turn = 0; turn < 20; turn++) assert.equal(await outcome(workers.predict(jobOf({ alone: true }))), 'answered');
    assert.deepEqual(childrenOf(process.pid), [before]);
    await assert.rejects(start({ maxWorkerBytes: 1024 * 1024 }), { code: 'MODEL_WORKER_TOO_LARGE', kind: 'fatal' });
  });
});
