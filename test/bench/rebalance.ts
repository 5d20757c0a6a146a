/**
 * `rebalance`: how long the stream stands still when an inference instance joins, leaves (SIGTERM) or is killed (SIGKILL). Jobs are handed over at a
 * steady rate whatever happens, so the longest wait of any job sent around the event is the pause, on top of what a job takes anyway.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts, type ServiceProcess } from '@clinstream/local';
import type { Bench, Figures } from './lib/bench.ts';
import { random, requestOf } from './lib/cases.ts';
import { feed, type Send } from './lib/feed.ts';
import { openLane } from './lib/preload.ts';
import { type BenchStack, startBenchStack } from './lib/stack.ts';
import { median, percentile } from './lib/stats.ts';
import { type Visibility, watchVisible } from './lib/visible.ts';

type Say = (line: string) => void;
type Phase = { readonly name: string; readonly seconds: number; readonly event: () => Promise<unknown> };
type Pauses = Record<string, number[]>;

/** Of the consumer, milliseconds: what must pass before anyone may know that a killed instance is gone. */
const sessionTimeoutMs = 10_000;

export const rebalance: Bench = {
  about: 'pause of a stream when an inference instance joins, leaves, is killed, ms (--rounds 3 --rate 200)',
  run: async ({ rounds = 3, rate = 200 }, say) => {
    const stack = await startBenchStack(say);
    const door = await openLane(stack);
    const visible = await watchVisible(stack.databaseUrl, 'api.analysis_runs');
    const next = random(11);
    const send: Send = (run, index) =>
      door.publish(requestOf(stack.manifest, index, next, { run, keys: stack.keys, evidence: false, now: Date.now() }));
    try {
      await stack.startService('api', { API_ROLES: 'sink' });
      await stack.startService('inference');
      const pauses: Pauses = {};
      await feed(visible, send, { run: 'warm', rate, count: rate * 3 });
      for (let round = 1; round <= rounds; round++) await oneRound(stack, { visible, send, rate }, pauses, round, say);
      return summary(pauses, say);
    } finally {
      await visible.close();
      await door.close();
      await stack.stop();
    }
  },
};

type Course = { readonly visible: Visibility; readonly send: Send; readonly rate: number };

async function oneRound(stack: BenchStack, course: Course, pauses: Pauses, round: number, say: Say): Promise<void> {
  let second: ServiceProcess | null = null;
  const join = async (): Promise<void> => {
    second = await stack.startService('inference', { OPS_PORT: String(await freePorts(1)) });
  };
  const phases: readonly Phase[] = [
    { name: 'steady', seconds: 5, event: async () => {} },
    { name: 'join', seconds: 12, event: join },
    { name: 'leave', seconds: 8, event: async () => second?.stop() },
    { name: 'join_again', seconds: 12, event: join },
    { name: 'kill', seconds: 18, event: async () => second?.kill('SIGKILL') },
  ];
  for (const phase of phases) {
    const longest = await runPhase(course, phase, round);
    pauses[phase.name] = [...(pauses[phase.name] ?? []), longest];
    say(`round ${round}, ${phase.name}: longest wait ${longest} ms`);
  }
}

/** The longest wait of a job of this phase; the event comes a second after it began. */
async function runPhase({ visible, send, rate }: Course, { name, seconds, event }: Phase, round: number): Promise<number> {
  const count = rate * seconds;
  const fed = feed(visible, send, { run: `${name}-${round}-${Date.now()}`, rate, count });
  await delay(1_000);
  await event();
  const times = await fed;
  if (times.length < count) throw new Error(`${name}: ${count - times.length} of ${count} jobs were not seen in time`);
  return percentile(times, 100);
}

function summary(pauses: Pauses, say: Say): Figures {
  const mid = (...names: readonly string[]): number => Math.round(median(names.flatMap((name) => pauses[name] ?? [])));
  const figures = {
    steady_ms: mid('steady'),
    join_ms: mid('join', 'join_again'),
    leave_ms: mid('leave'),
    kill_ms: mid('kill'),
    kill_beyond_session_timeout_ms: mid('kill') - sessionTimeoutMs,
  };
  say(
    `join ${figures.join_ms} ms, leave ${figures.leave_ms} ms (aims 3000), killed ${figures.kill_ms} ms (aim ${sessionTimeoutMs + 3_000})`,
  );
  return figures;
}
