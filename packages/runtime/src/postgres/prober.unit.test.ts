import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../errors/app-error.ts';
import { createProber } from './prober.ts';

const away = new AppError({
  code: 'POSTGRES_UNAVAILABLE',
  kind: 'retryable',
  scope: 'dependency',
  stage: 'sink',
  message: 'away',
});

/** A prober whose waits are run by hand; `failures` probes fail before they succeed. */
function setUp(failures: number) {
  const waits: number[] = [];
  const changes: boolean[] = [];
  const clock = { now: 0 };
  let next: (() => void) | null = null;
  let probes = 0;
  const prober = createProber({
    probe: () => (probes++ < failures ? Promise.reject(away) : Promise.resolve()),
    now: () => clock.now,
    onChange: (up) => changes.push(up),
    schedule: (run, delayMs) => {
      waits.push(delayMs);
      next = run;
      return { cancel: () => {} };
    },
  });
  const tick = async () => {
    clock.now += waits.at(-1) ?? 0;
    next?.();
    await new Promise(setImmediate);
  };
  return { prober, waits, changes, clock, tick, probes: () => probes };
}

test('fails N-1 times, then succeeds: waits grow to at most 5 s and readiness turns', async () => {
  const { prober, waits, changes, tick } = setUp(9);
  await prober.start();
  assert.deepEqual(prober.readiness(), { ready: false, why: 'away' });
  for (let i = 0; i < 8; i++) await tick();
  assert.equal(prober.readiness().ready, false);
  await tick();
  assert.deepEqual(prober.readiness(), { ready: true });
  assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000]);
  assert.deepEqual(changes, [true]);
});

test('one that never succeeds goes on asking, every 5 s, and is never ready', async () => {
  const { prober, waits, tick } = setUp(Number.POSITIVE_INFINITY);
  await prober.start();
  for (let i = 0; i < 20; i++) await tick();
  assert.equal(prober.readiness().ready, false);
  assert.equal(waits.at(-1), 5000);
});

test('real work is proof: no probe while it succeeds', async () => {
  const { prober, tick, probes, clock } = setUp(0);
  await prober.start();
  clock.now += 4_000;
  prober.succeeded();
  await tick();
  const asked = probes();
  prober.succeeded();
  await tick();
  assert.equal(probes() - asked <= 1, true);
});

test('a lost connection in real work turns readiness at once and probes soon; a lost race does not', async () => {
  const { prober, waits, tick } = setUp(0);
  await prober.start();
  const conflict = new AppError({
    code: 'POSTGRES_CONFLICT',
    kind: 'retryable',
    scope: 'dependency',
    stage: 'sink',
    message: 'x',
  });
  prober.failed(conflict);
  assert.equal(prober.readiness().ready, true);
  prober.failed(away);
  assert.equal(prober.readiness().ready, false);
  assert.equal(waits.at(-1), 100);
  await tick();
  assert.equal(prober.readiness().ready, true);
});
