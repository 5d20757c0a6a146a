/** The real worker process with the real model: what it says, and what happens when it hangs, crashes, is killed or cannot load. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createLogger, createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { waitFor } from '@clinstream/testkit';
import { maxDifference, modelsDirectory } from '../../models/golden-cases.ts';
import { loadModels } from '../../models/model-files.ts';
import { cases, childrenOf, hasty, isAlive, jobOf, misbehavingJob, outcome, useWorkers } from './fixtures/test-workers.ts';

describe('model workers', { timeout: 120_000 }, () => {
  const { start, startMisbehaving, folder } = useWorkers();

  it('says of all 569 cases what scikit-learn and shap said (ONNX ≤ 1e-5, SHAP ≤ 1e-5, additivity ≤ 1e-6)', async (t) => {
    const workers = await start();
    const rows = [...Array(cases.count).keys()];
    const answers = await Promise.all(
      rows.map((row) => workers.predict(jobOf({ features: cases.featuresOf(row), explain: true }))),
    );
    const evidence = answers.map((answer) => answer.evidence);
    const probability = maxDifference(
      answers.map((answer) => answer.probability),
      cases.probabilities,
    );
    const shap = maxDifference(
      evidence.flatMap((one) => one?.values ?? []),
      cases.shap,
    );
    const margin = maxDifference(
      evidence.map((one) => one?.margin ?? Number.NaN),
      cases.margins,
    );
    const sums = evidence.map((one) => one?.values.reduce((sum, value) => sum + value, one.baseValue) ?? Number.NaN);
    const additivity = maxDifference(
      sums,
      evidence.map((one) => one?.margin ?? Number.NaN),
    );
    const sigmoid = maxDifference(
      evidence.map((one) => 1 / (1 + Math.exp(-(one?.margin ?? Number.NaN)))),
      answers.map((one) => one.probability),
    );
    t.diagnostic(
      `max differences: ONNX ${probability}, SHAP ${shap}, margin ${margin}, additivity ${additivity}, ONNX to trees ${sigmoid}`,
    );
    assert.ok(probability <= 1e-5, 'ONNX against scikit-learn');
    assert.ok(shap <= 1e-5, 'SHAP against Python');
    assert.ok(margin <= 1e-9, 'margin against scikit-learn');
    assert.ok(additivity <= 1e-6, 'values add up to the margin');
    assert.ok(sigmoid <= 1e-5, 'the probability is the one the evidence explains');
    assert.ok(Math.abs((evidence[0]?.baseValue ?? Number.NaN) - cases.baseValue) <= 1e-9, 'base value');
  });

  it('gives each job its own answer when some of a batch want evidence and some do not', async () => {
    const workers = await start();
    const rows = [...Array(300).keys()];
    const answers = await Promise.all(
      rows.map((row) =>
        workers.predict(
          jobOf({ features: cases.featuresOf(row), explain: row % 3 === 0, lane: row % 2 === 0 ? 'stat' : 'routine' }),
        ),
      ),
    );
    assert.ok(
      maxDifference(
        answers.map((answer) => answer.probability),
        cases.probabilities.subarray(0, 300),
      ) <= 1e-5,
    );
    for (const [row, answer] of answers.entries()) {
      assert.equal(answer.evidence !== null, row % 3 === 0);
      if (answer.evidence) assert.ok(maxDifference(answer.evidence.values, cases.shap.subarray(row * 30, row * 30 + 30)) <= 1e-5);
    }
  });

  it('makes batches of jobs that arrive together, and waits for none when idle', async () => {
    const telemetry = createSilentTelemetry();
    const workers = await start({ maxBatchRows: 64 }, telemetry);
    await workers.predict(jobOf());
    await Promise.all(Array.from({ length: 640 }, () => workers.predict(jobOf())));
    const text = await telemetry.registry.getSingleMetricAsString('clinstream_model_batch_rows');
    assert.match(text, /_count\{model="breast-cancer"\} 11$/m);
  });

  it('kills a model that hangs; its batch fails as MODEL_TIMEOUT, jobs behind it run, neighbours succeed alone', async () => {
    const telemetry = createSilentTelemetry();
    const workers = await startMisbehaving(telemetry);
    const poison = workers.predict(misbehavingJob('hang'));
    const neighbours = [1, 2, 3].map(() => workers.predict(jobOf({ model: hasty })));
    const together = await Promise.all([poison, ...neighbours].map(outcome));
    assert.deepEqual(together, Array(4).fill('MODEL_TIMEOUT'));

    const again = workers.predict(misbehavingJob('hang', { alone: true }));
    const others = [1, 2, 3].map(() => workers.predict(jobOf({ model: hasty, alone: true })));
    assert.deepEqual(await Promise.all([again, ...others].map(outcome)), ['MODEL_TIMEOUT', 'answered', 'answered', 'answered']);
    assert.match(await telemetry.registry.metrics(), /clinstream_model_workers_gone_total\{reason="timed-out"\} 2/);
    assert.match(await telemetry.registry.metrics(), /clinstream_model_slow_batches_total\{model="breast-cancer"\} 2/);
  });

  for (const how of ['die', 'abort'] as const) {
    it(`replaces a worker that crashes (${how}); its batch fails as MODEL_CRASHED, the next jobs are answered`, async () => {
      const workers = await startMisbehaving();
      const results = [workers.predict(misbehavingJob(how)), workers.predict(jobOf({ model: hasty }))];
      assert.deepEqual(await Promise.all(results.map(outcome)), ['MODEL_CRASHED', 'MODEL_CRASHED']);
      assert.equal(await outcome(workers.predict(jobOf({ model: hasty, alone: true }))), 'answered');
      assert.equal(await outcome(workers.predict(jobOf({ model: hasty }))), 'answered');
    });
  }

  it('runs a job that crashed its worker N-1 times and then behaves', async () => {
    const workers = await startMisbehaving();
    const tries = ['die', 'die', null] as const;
    const results: string[] = [];
    for (const how of tries) {
      const job = how === null ? jobOf({ model: hasty, alone: true }) : misbehavingJob(how, { alone: true });
      results.push(await outcome(workers.predict(job)));
    }
    assert.deepEqual(results, ['MODEL_CRASHED', 'MODEL_CRASHED', 'answered']);
  });

  it('rejects the batch of a model that throws, and keeps the worker; logs a code, not what the model said', async () => {
    const lines: string[] = [];
    const log = createLogger({ name: 'test', level: 'info', destination: { write: (line) => void lines.push(line) } });
    const workers = await startMisbehaving({ ...createSilentTelemetry(), log });
    const before = childrenOf(process.pid);
    assert.equal(await outcome(workers.predict(misbehavingJob('throw'))), 'MODEL_FAILED');
    assert.match(lines.join(''), /"code":"MODEL_FAILED".*"a model refused a batch"/);
    assert.doesNotMatch(lines.join(''), /this model throws/);
    assert.equal(await outcome(workers.predict(jobOf({ model: hasty }))), 'answered');
    assert.deepEqual(childrenOf(process.pid), before);
  });

  it('loses no job when its idle worker is killed from outside', async () => {
    const workers = await start();
    await workers.predict(jobOf());
    const [worker] = childrenOf(process.pid);
    assert.ok(worker);
    process.kill(worker, 'SIGKILL');
    await waitFor(() => !isAlive(worker), { deadlineMs: 5_000, what: 'the worker is gone' });
    assert.match(await outcome(workers.predict(jobOf())), /answered|MODEL_CRASHED/);
    assert.equal(await outcome(workers.predict(jobOf({ alone: true }))), 'answered');
  });

  it('tells a job’s long run once, after 250 ms, and a short one never', async () => {
    const workers = await startMisbehaving();
    const told: string[] = [];
    await workers.predict(jobOf({ model: hasty, onLongRun: () => told.push('short') }));
    await workers.predict(misbehavingJob('dawdle', { onLongRun: () => told.push('long') }));
    assert.deepEqual(told, ['long']);
  });

  it('waits while no worker can be loaded, and goes on when one can after N-1 failures', async () => {
    const flag = join(folder(), 'broken');
    const entry = flakyEntry(folder(), flag);
    const workers = await start({ entry });
    writeFileSync(flag, '');
    const [worker] = childrenOf(process.pid);
    process.kill(worker as number, 'SIGKILL');
    await waitFor(async () => (await outcome(workers.predict(jobOf()))) === 'MODEL_WORKERS_UNAVAILABLE', {
      deadlineMs: 15_000,
      what: 'jobs are refused as a dependency that is away',
    });
    assert.equal(workers.readiness().ready, false);
    rmSync(flag);
    await waitFor(() => workers.readiness().ready, { deadlineMs: 30_000, what: 'a worker is ready again' });
    assert.equal(await outcome(workers.predict(jobOf())), 'answered');
  });

  it('drains what it has taken when it is stopped, and takes no more', async () => {
    const workers = await startMisbehaving();
    const taken = Array.from({ length: 50 }, () => workers.predict(jobOf({ model: hasty })));
    const stopped = workers.stop(AbortSignal.timeout(10_000));
    assert.equal(await outcome(workers.predict(jobOf({ model: hasty }))), 'MODEL_WORKERS_STOPPED');
    assert.deepEqual(new Set(await Promise.all(taken.map(outcome))), new Set(['answered']));
    await stopped;
  });

  it('gives up a batch that does not end before the deadline of the stop', async () => {
    const workers = await startMisbehaving();
    const hung = workers.predict(misbehavingJob('hang'));
    const behind = workers.predict(jobOf({ model: hasty, alone: true }));
    const results = Promise.all([hung, behind].map(outcome));
    await waitFor(() => childrenOf(process.pid).length > 0, { deadlineMs: 5_000, what: 'the worker runs' });
    await workers.stop(AbortSignal.timeout(200));
    assert.deepEqual(await results, ['MODEL_WORKERS_STOPPED', 'MODEL_WORKERS_STOPPED']);
  });

  it('refuses to start with a model file that is not the one its manifest names', async () => {
    const copy = folder();
    cpSync(modelsDirectory, copy, { recursive: true });
    const loaded = loadModels(copy);
    const file = join(copy, 'breast-cancer/1.0.0/model.onnx');
    writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.from([0])]));
    assert.throws(() => loadModels(copy), { code: 'MODEL_DIGEST_MISMATCH', kind: 'fatal' });
    await assert.rejects(start({ models: loaded }), { code: 'MODEL_DIGEST_MISMATCH', kind: 'fatal' });
    rmSync(file);
    assert.throws(() => loadModels(copy), { code: 'MODEL_FILE_MISSING', kind: 'fatal' });
    await assert.rejects(start({ models: loaded }), { code: 'MODEL_FILE_MISSING', kind: 'fatal' });
  });

  it('refuses a directory without models, and a manifest with problems', () => {
    const empty = folder();
    assert.throws(() => loadModels(empty), { code: 'NO_MODELS', kind: 'fatal' });
    assert.throws(() => loadModels(join(empty, 'nowhere')), { code: 'MODEL_FILE_MISSING' });
    cpSync(modelsDirectory, empty, { recursive: true });
    writeFileSync(join(empty, 'breast-cancer/1.0.0/manifest.json'), '{');
    assert.throws(() => loadModels(empty), { code: 'MODEL_INVALID', kind: 'fatal' });
  });

  it('ends its workers when the service is killed with SIGKILL', async () => {
    const service = spawn(process.execPath, [fileURLToPath(new URL('./fixtures/service-with-worker.ts', import.meta.url))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => service.stdout.once('data', resolve));
    const children = childrenOf(service.pid as number);
    assert.equal(children.length, 1);
    service.kill('SIGKILL');
    await waitFor(() => children.every((pid) => !isAlive(pid)), { deadlineMs: 10_000, what: 'the worker has ended' });
  });
});

/** A worker program that cannot load while the flag file exists. */
function flakyEntry(directory: string, flag: string): URL {
  const entry = join(directory, 'entry.mjs');
  const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
  writeFileSync(
    entry,
    `import { existsSync } from 'node:fs';
     import { serveBatches } from ${here('./serve-batches.ts')};
     import { loadBatchModels } from ${here('./worker-models.ts')};
     serveBatches((files) => { if (existsSync(${JSON.stringify(flag)})) throw new Error('cannot load'); return loadBatchModels(files); });`,
  );
  assert.deepEqual(readdirSync(directory), ['entry.mjs']);
  return new URL(`file://${entry}`);
}
