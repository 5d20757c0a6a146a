/** Group members that come and go, and model workers that die, hang, throw or leak. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Fault } from '../lib/fault.ts';
import { metricOf } from '../lib/strange-records.ts';

/** Each round is 5 s. */
export const churnFor = (name: 'inference' | 'sink', rounds: number): Fault => ({
  name: `churn-${name}`,
  about: `a second ${name} joins or leaves every 5 s, ${rounds} times`,
  rig: 'one',
  inject: async ({ rig, sleep }) => {
    const other = rig.part(`${name}-2`);
    for (let round = 0; round < rounds; round++) {
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

const outgrownTimes = 3;

const leaks: Fault = {
  name: 'worker-leaks',
  about: 'the model leaks: its worker is replaced between two batches above its memory bound, counted and said; no job notices',
  rig: 'one',
  // It goes on leaking while the fresh event is asked for: with such a model the system must live.
  inject: async ({ rig, until, note, complain }) => {
    const leaking = rig.part('inference-leaking');
    await rig.part('inference').terminate();
    leaking.start();
    await leaking.whenReady();
    const gone = (reason: string) => metricOf(leaking, 'clinstream_model_workers_gone_total', `reason="${reason}"`);
    await until(`its worker is replaced ${outgrownTimes} times`, async () => (await gone('outgrown')) >= outgrownTimes, 90_000);
    note(`${await gone('outgrown')} workers outgrew their memory`);
    if ((await gone('crashed')) + (await gone('timed-out')) > 0) complain('a worker was lost with a batch in its hands');
    if (!/a model worker outgrew its memory/.test(leaking.logs())) complain('the replacement was not said');
  },
};

const throwsOften: Fault = {
  name: 'worker-throws',
  about: 'the model throws at every fourth batch: those jobs run again, alone, and the worker stays',
  rig: 'one',
  rules: { mayFailWith: ['MODEL_FAILED'] },
  // Fresh jobs may fail as well while it throws: it heals by another worker.
  inject: async ({ rig, sleep, note, complain }) => {
    const throwing = rig.part('inference-throwing');
    await rig.part('inference').terminate();
    throwing.start();
    await throwing.whenReady();
    await sleep(8_000);
    const said = throwing.logs().match(/a model refused a batch/g)?.length ?? 0;
    note(`${said} batches refused`);
    if (said === 0) complain('no batch was refused: the fault did not happen');
    const ended = (outcome: string) => metricOf(throwing, 'clinstream_analyses_ended_total', `outcome="${outcome}"`);
    const [failed, completed] = [await ended('fail'), await ended('completed')];
    note(`${failed} jobs failed, ${completed} completed`);
    if (failed * 4 >= completed) complain('as many jobs failed as batches did: they were not run again');
    const { length } = childrenOf(throwing.pid());
    if (length !== 1 || (await metricOf(throwing, 'clinstream_model_workers_gone_total')) > 0)
      complain('a model that throws cost its worker');
    await throwing.terminate();
    rig.part('inference').start();
  },
};

export const memberFaults: readonly Fault[] = [
  churnFor('inference', 12),
  churnFor('sink', 12),
  workers('worker-killed', 'SIGKILL', 'kill -9 of the model worker, four times', 2_500),
  leaks,
  throwsOften,
  workers('worker-hung', 'SIGSTOP', 'the model worker hangs, four times', 8_000),
];
