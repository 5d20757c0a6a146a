/** Group members that come and go, and model workers that die or hang. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Fault } from '../lib/fault.ts';

const churn = (name: 'inference' | 'sink'): Fault => ({
  name: `churn-${name}`,
  about: `a second ${name} joins or leaves every 5 s for a minute`,
  rig: 'one',
  inject: async ({ rig, sleep }) => {
    const other = rig.part(`${name}-2`);
    for (let round = 0; round < 12; round++) {
      if (round % 2 === 0) other.start();
      else void other.terminate();
      await sleep(5_000);
    }
    await other.terminate();
  },
});

/** Children of a process, from /proc; empty where there is none. */
export function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid ? [Number(entry)] : [];
    } catch {
      return [];
    }
  });
}

const workers = (name: string, signal: 'SIGKILL' | 'SIGSTOP', about: string, pauseMs: number): Fault => ({
  name,
  about,
  rig: 'one',
  // A job that was unlucky three times ends as failed, with the code; one that waits for a later try lets others pass.
  rules: { mayFailWith: ['MODEL_CRASHED', 'MODEL_TIMEOUT'] },
  inject: async ({ rig, sleep, until, note }) => {
    const { pid } = rig.part('inference');
    let hit = 0;
    for (let round = 0; round < 4; round++) {
      await until('a model worker runs', () => childrenOf(pid()).length > 0);
      for (const worker of childrenOf(pid())) {
        process.kill(worker, signal);
        hit++;
      }
      await sleep(pauseMs);
    }
    note(`${hit} workers`);
  },
});

export const memberFaults: readonly Fault[] = [
  churn('inference'),
  churn('sink'),
  workers('worker-killed', 'SIGKILL', 'kill -9 of the model worker, four times', 2_500),
  workers('worker-hung', 'SIGSTOP', 'the model worker hangs, four times', 8_000),
];
