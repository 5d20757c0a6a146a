/** Model workers and lanes: what starts, what is refused at start, what happens when a model hangs, and who goes first. */
import assert from 'node:assert/strict';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { topics } from '@clinstream/contracts';
import { modelsDir, type ServiceName } from '@clinstream/local';
import { uniqueName } from '@clinstream/testkit';
import { analysisOf, resultOf, submit } from './lib/analyses.ts';
import { type House, metricIn, openHouse, secondInstance, until, workerPid } from './lib/house.ts';
import { type Ledger, linesOf, sendAll } from './lib/load.ts';
import { readEvents } from './lib/log.ts';

let house: House;
before(async () => {
  house = await openHouse();
});
after(() => house?.close());

const inference = async (name: string, ...labels: readonly string[]): Promise<number> =>
  metricIn(await house.metrics('inference'), name, ...labels);

test('0.5 3.21 a model that is not what its manifest says ends the service at start, with a clear message', async () => {
  const dir = join(house.stack.dir, uniqueName('models'));
  cpSync(modelsDir, dir, { recursive: true });
  writeFileSync(join(dir, 'breast-cancer/1.0.0/model.onnx'), 'another model');
  const { env } = await secondInstance();
  const service = await house.system.startService('inference', { env: { ...env, MODELS_DIR: dir }, ready: false });
  assert.equal((await service.exited).code, 1);
  assert.match(service.logs(), /MODEL_DIGEST_MISMATCH/);
  rmSync(dir, { recursive: true });
});

test('0.9 every wrong setting is said at start, all at once', async () => {
  const env = { KAFKA_BROKERS: '', SCHEMA_REGISTRY_URL: 'no url', OPS_PORT: '-1' };
  for (const name of ['ingest', 'inference', 'api'] satisfies ServiceName[]) {
    const service = await house.system.startService(name, { env, ready: false });
    assert.equal((await service.exited).code, 2, name);
    for (const variable of Object.keys(env)) assert.match(service.logs(), new RegExp(variable), name);
  }
});

test('1.5 1.6 3.22 a model that does not answer is replaced and its job tried again; the service answers meanwhile', {
  timeout: 60_000,
}, async () => {
  await resultOf(house, await submit(house, analysisOf('hang', 0)));
  process.kill(workerPid(house), 'SIGSTOP');
  const accepted = await submit(house, analysisOf('hang', 1, { priority: 'stat' }));
  const isAnswering = await until(async () => (await fetch(`${house.service('inference').opsUrl}/live`)).ok, 'it is alive');
  assert.ok(isAnswering);
  const view = await resultOf(house, accepted);
  assert.deepEqual([view.status, view.attempt], ['completed', 2]);
  assert.equal(await inference('clinstream_model_workers_gone_total', 'reason="timed-out"'), 1);
});

test('3.10 a stat job that comes last does not wait for the routine jobs before it', { timeout: 120_000 }, async () => {
  const lines = linesOf('backlog', 1_500, 30);
  const ledger: Ledger = new Map();
  const worker = workerPid(house);
  process.kill(worker, 'SIGSTOP');
  await sendAll(house, lines, ledger, 1_500);
  const accepted = await submit(house, analysisOf('first', 2, { priority: 'stat' }));
  await until(async () => (await inference('clinstream_model_queue_jobs', 'lane="stat"')) === 1, 'it waits for the model');
  process.kill(worker, 'SIGCONT');
  const stat = await resultOf(house, accepted);
  const routine = new Set(ledger.values());
  await until(
    async () => (await house.api('/v1/queues')).text.includes('"lane":"routine","waiting":0'),
    'the routine jobs ended',
  );
  const later = (await readEvents(house.stack, topics.results.routine)).filter(
    ({ event }) => routine.has(event.jobId) && event.endedAt >= Date.parse(stat.endedAt ?? ''),
  );
  assert.ok(later.length >= 500, `${later.length} of ${lines.length} routine jobs ended after the stat job that came last`);
  assert.equal(stat.status, 'completed');
});
