/** Clinstream's pipeline and the bare loop fed at a steady rate: milliseconds from handing over (acknowledged by all) to the row being visible. */
import { Kafka, logLevel } from 'kafkajs';
import { createBare, startBareLoop } from './bare.ts';
import { featuresOf, jobIdOf, patientOf, random, requestOf } from './cases.ts';
import { openLane } from './preload.ts';
import { ended } from './redis.ts';
import type { BenchStack } from './stack.ts';
import { type Visibility, watchVisible } from './visible.ts';

export type Rate = { readonly rate: number; readonly seconds: number };
export type Send = (run: string, index: number) => Promise<unknown>;

export async function feedClinstream(stack: BenchStack, { rate, seconds }: Rate): Promise<readonly number[]> {
  const services = [await stack.startService('api', { API_ROLES: 'sink' }), await stack.startService('inference')];
  const door = await openLane(stack);
  const visible = await watchVisible(stack.databaseUrl, 'api.analysis_runs');
  const next = random(11);
  const send: Send = (run, index) =>
    door.publish(requestOf(stack.manifest, index, next, { run, keys: stack.keys, evidence: false, now: Date.now() }));
  try {
    await feed(visible, send, { run: `fedwarm${Date.now()}`, rate, count: rate });
    return await feed(visible, send, { run: `fed${Date.now()}`, rate, count: rate * seconds });
  } finally {
    await visible.close();
    await door.close();
    for (const service of services) await service.stop();
  }
}

export async function feedBare(stack: BenchStack, { rate, seconds }: Rate): Promise<readonly number[]> {
  const run = `barefed${Date.now()}`;
  await createBare(stack, run);
  const child = startBareLoop(stack, { run, jobs: rate * (seconds + 1), batch: 500 });
  // Silent: the leaders of a topic made a moment ago are not known at once, and the client tries again by itself.
  const producer = new Kafka({ clientId: 'feed', brokers: stack.brokers.split(','), logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  const visible = await watchVisible(stack.databaseUrl, 'bare_results');
  const next = random(11);
  const send: Send = (name, index) => {
    const patientKey = patientOf(index, stack.keys);
    const value = JSON.stringify({ jobId: jobIdOf(name, index), patientKey, features: featuresOf(stack.manifest, next) });
    return producer.send({ topic: `bench.${run}.requests`, acks: -1, messages: [{ key: patientKey, value }] });
  };
  try {
    await feed(visible, send, { run: 'warm', rate, count: rate });
    return await feed(visible, send, { run: 'fed', rate, count: rate * seconds });
  } finally {
    await visible.close();
    await producer.disconnect();
    await ended(child, 'SIGTERM');
  }
}

type Course = { readonly run: string; readonly rate: number; readonly count: number };

/** Open loop: what is late does not hold up what comes next. */
export async function feed(visible: Visibility, send: Send, { run, rate, count }: Course): Promise<readonly number[]> {
  const start = performance.now();
  const running: Promise<unknown>[] = [];
  while (running.length < count) {
    const due = Math.min(count, Math.floor(((performance.now() - start) * rate) / 1000));
    while (running.length < due) {
      visible.expect(jobIdOf(run, running.length), Date.now());
      running.push(send(run, running.length));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(running);
  return visible.whenSeen(count, 20_000);
}
