/** Processes that die, stop, join and leave in the middle of a load: nothing acknowledged is lost, nothing takes effect twice, order holds. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { topics } from '@clinstream/contracts';
import type { ServiceName } from '@clinstream/local';
import { freshResult } from './lib/analyses.ts';
import { everyService, type House, metricIn, openHouse, secondInstance, until, workerPid } from './lib/house.ts';
import { judge, type Ledger, type Line, linesOf, sendAll } from './lib/load.ts';
import { readEvents } from './lib/log.ts';

let house: House;
before(async () => {
  house = await openHouse();
});
after(() => house?.close());

const count = 1_500;

/** Sends a load, lets `trouble` happen while it is under way, and judges once everything is quiet. */
async function underLoad(name: string, trouble: (lines: readonly Line[]) => Promise<void>): Promise<Ledger> {
  const lines = linesOf(name, count, 30);
  const ledger: Ledger = new Map();
  const sending = sendAll(house, lines, ledger);
  await until(() => ledger.size >= count / 10, 'the load is under way');
  assert.ok(ledger.size < count, 'the load is not over');
  await Promise.all([sending, trouble(lines)]);
  await judge(house, name, lines, ledger);
  await freshResult(house, 7);
  return ledger;
}

/** `helper`: a process of the service that is stopped, and so cannot notice that its parent is gone. */
async function killAndStart(name: ServiceName, helper?: number): Promise<void> {
  const victim = house.service(name);
  victim.kill('SIGKILL');
  if (helper !== undefined) process.kill(helper, 'SIGKILL');
  assert.equal((await victim.exited).signal, 'SIGKILL');
  await house.start(name);
}

test('0.6 3.4 kill -9 of ingest in mid-load: what was acknowledged is not lost, what is sent again is not doubled', {
  timeout: 180_000,
}, async () => {
  await underLoad('killed-ingest', () => killAndStart('ingest'));
});

test('1.4 kill -9 of inference with jobs in hand loses and doubles nothing', { timeout: 180_000 }, async () => {
  await underLoad('killed-inference', async () => {
    const worker = workerPid(house);
    // Work piles up for as long as a few commits take: none of it may have been committed.
    process.kill(worker, 'SIGSTOP');
    const inHand = async () =>
      metricIn(await house.metrics('inference'), 'clinstream_consumer_in_flight_records', 'inference-routine');
    await until(async () => (await inHand()) >= 300, 'jobs are in hand');
    await killAndStart('inference', worker);
  });
});

test('0.7 kill -9 of the sink in mid-load loses and doubles nothing', { timeout: 180_000 }, async () => {
  await underLoad('killed-sink', () => killAndStart('api'));
});

test('1.7 SIGTERM of each service in mid-load: each ends clean, and no job runs twice or stays behind', {
  timeout: 180_000,
}, async () => {
  await underLoad('stopped', async () => {
    for (const name of everyService) {
      assert.deepEqual(await house.service(name).stop(), { code: 0, signal: null }, name);
      await house.start(name);
    }
  });
  const events = (await readEvents(house.stack, topics.results.routine)).filter(({ event }) =>
    event.patientKey?.includes('stopped'),
  );
  assert.equal(new Set(events.map(({ record }) => record.headers['event-id'])).size, count);
});

test('order per patient holds while a second inference instance joins and leaves', { timeout: 180_000 }, async () => {
  const ledger = await underLoad('shared', async () => {
    const second = await house.system.startService('inference', await secondInstance());
    assert.deepEqual(await second.stop(), { code: 0, signal: null });
  });
  const accepted = [...ledger].map(([reference, jobId]) => ({ jobId, index: Number(reference.split('-').at(-1)) }));
  const indexOf = new Map(accepted.map(({ jobId, index }) => [jobId, index]));
  for (const topic of [topics.requests.routine, topics.results.routine]) {
    const seen = new Set<string>();
    const newest = new Map<string, number>();
    for (const { event } of await readEvents(house.stack, topic)) {
      const index = indexOf.get(event.jobId);
      // What stands in the log again after a join is the same fact under the same id; the first time counts.
      if (index === undefined || event.patientKey === null || seen.has(event.jobId)) continue;
      seen.add(event.jobId);
      assert.ok(index > (newest.get(event.patientKey) ?? -1), `${topic}: ${event.patientKey} came to job ${index} too late`);
      newest.set(event.patientKey, index);
    }
    assert.equal(seen.size, count, topic);
  }
});
