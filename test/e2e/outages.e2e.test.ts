/** Servers that are away, at start and later: every service lives, says that and why it is not ready, and goes on by itself. And the one case where it must not. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { ServiceName } from '@clinstream/local';
import { type FaultProxy, startFaultProxy } from '@clinstream/testkit';
import { type Accepted, analysisOf, freshResult, resultOf, submit } from './lib/analyses.ts';
import { bodyOf, everyService, type House, prepareHouse, until } from './lib/house.ts';
import { judge, type Ledger, linesOf, sendAll } from './lib/load.ts';
import { type BreakableKafka, breakableKafka } from './lib/servers.ts';

let house: House;
let registry: FaultProxy;
let postgres: FaultProxy;
let kafka: BreakableKafka;

before(async () => {
  house = await prepareHouse(async ({ stack, database }) => {
    const registryUrl = new URL(stack.registryUrl);
    const databaseUrl = new URL(database.url);
    registry = await startFaultProxy({ targetPort: Number(registryUrl.port) });
    postgres = await startFaultProxy({ targetPort: Number(databaseUrl.port) });
    registryUrl.host = registry.address;
    databaseUrl.host = postgres.address;
    return { SCHEMA_REGISTRY_URL: registryUrl.href, DATABASE_URL: databaseUrl.href };
  });
  kafka = breakableKafka(house.stack);
});
after(async () => {
  await house?.close(() => kafka.kill());
  await Promise.all([registry?.stop(), postgres?.stop()]);
});

type Health = {
  readonly ready: boolean;
  readonly state: string;
  readonly components: readonly { name: string; ready: boolean; why?: string }[];
};
async function healthOf(name: ServiceName): Promise<Health> {
  return (await (await fetch(`${house.service(name).opsUrl}/ready`)).json()) as Health;
}
const isLive = async (name: ServiceName): Promise<boolean> => (await fetch(`${house.service(name).opsUrl}/live`)).ok;

/** Says that it is not ready, and that this is why, and stays alive. */
async function waits(names: readonly ServiceName[], component: string): Promise<void> {
  for (const name of names) {
    const says = async () =>
      (await healthOf(name)).components.some((one) => one.name.includes(component) && !one.ready && one.why);
    await until(says, `${name} says that it waits for its ${component}`);
    assert.ok(await isLive(name), `${name} lives`);
  }
}
const goOn = (names: readonly ServiceName[]): Promise<unknown> =>
  Promise.all(names.map((name) => until(() => house.service(name).isReady(), `${name} is ready again`)));

test('3.20 registry away at start: every service lives, is not ready, says so, and goes on by itself', {
  timeout: 180_000,
}, async () => {
  registry.set({ kind: 'cut' });
  for (const name of everyService) await house.start(name, { ready: false });
  await waits(everyService, 'codecs');
  for (const name of everyService)
    await until(
      async () => /registry/.test(house.service(name).logs()),
      `${name} says in its log that it waits for the registry`,
    );
  registry.set({ kind: 'pass' });
  await goOn(everyService);
  await freshResult(house, 1);
});

test('Postgres away and back: keyed requests are told to wait, unkeyed ones are accepted, results stand when it is back', {
  timeout: 180_000,
}, async () => {
  postgres.set({ kind: 'cut' });
  await waits(['ingest', 'api'], 'postgres');
  const accepted = await submit(house, analysisOf('away', 2));
  const keyed = await house.ingest('/v1/analyses', { body: analysisOf('away', 3), headers: { 'idempotency-key': 'away' } });
  assert.equal(bodyOf<{ code: string }>(keyed, 503).code, 'POSTGRES_UNAVAILABLE');
  assert.ok(keyed.headers.get('retry-after'));
  assert.equal((await house.api(`/v1/analyses/${accepted.jobId}`)).status, 503);
  postgres.set({ kind: 'pass' });
  await goOn(['ingest', 'api']);
  assert.equal((await resultOf(house, accepted)).status, 'completed');
  bodyOf<Accepted>(
    await house.ingest('/v1/analyses', { body: analysisOf('away', 3), headers: { 'idempotency-key': 'away' } }),
    202,
  );
});

test('Kafka killed in mid-load and back: senders are told to wait, nothing acknowledged is lost or doubled', {
  timeout: 240_000,
}, async () => {
  const lines = linesOf('outage', 1_500, 30);
  const ledger: Ledger = new Map();
  const sending = sendAll(house, lines, ledger);
  await until(() => ledger.size >= 150, 'the load is under way');
  assert.ok(ledger.size < lines.length, 'the load is not over');
  await kafka.kill();
  await waits(['ingest'], 'producer');
  await waits(['inference', 'api'], 'consumer');
  const refused = await house.ingest('/v1/analyses', { body: analysisOf('away', 4) });
  assert.equal(bodyOf<{ code: string }>(refused, 503).code, 'KAFKA_UNAVAILABLE');
  assert.ok(refused.headers.get('retry-after'));
  await kafka.start();
  await goOn(everyService);
  await sending;
  await judge(house, 'outage', lines, ledger);
  await freshResult(house, 5);
});

test('Kafka wiped under a kept Postgres: the sink ends and says what to do; done, everything goes on', {
  timeout: 180_000,
}, async () => {
  const sink = house.service('api');
  await kafka.wipe();
  const exit = await until(() => Promise.race([sink.exited, null]), 'the sink ends');
  assert.equal(exit.code, 1);
  const again = await house.start('api', { ready: false });
  assert.equal((await again.exited).code, 1, 'it does not come back by a restart');
  assert.match(again.logs(), /SINK_OTHER_LOG/);
  assert.match(again.logs(), /The projection was built from Kafka cluster .*reset-projection\.ts --yes-drop-projection/);
  const script = `${import.meta.dirname}/../../services/api/src/reset-projection.ts`;
  const env = { ...process.env, ...house.stack.env(house.database) };
  await promisify(execFile)(process.execPath, [script, '--yes-drop-projection'], { env });
  await house.start('api');
  await goOn(everyService);
  await freshResult(house, 6);
});
