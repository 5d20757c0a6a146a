/** Processes that die, end or stand still. */
import type { Fault, FaultContext } from '../lib/fault.ts';
import { mainParts, type PartName } from '../lib/part.ts';

const rounds = 2;

/** At moments nobody chose; started again at once. */
const kill = (name: PartName): Fault => ({
  name: `kill-${name}`,
  about: `kill -9 of ${name} at random moments`,
  rig: 'one',
  inject: async ({ rig, random, sleep }) => {
    const part = rig.part(name);
    for (let round = 0; round < rounds; round++) {
      await sleep(random.integer(1_500));
      await part.kill();
      part.start();
      if (round < rounds - 1) await part.whenReady();
    }
  },
});

const terminate = (name: PartName): Fault => ({
  name: `term-${name}`,
  about: `SIGTERM of ${name} at random moments: drains, exits 0`,
  rig: 'one',
  inject: async ({ rig, random, sleep, complain }) => {
    const part = rig.part(name);
    for (let round = 0; round < rounds; round++) {
      await sleep(random.integer(1_500));
      const code = await part.terminate();
      if (code !== 0) complain(`${name} exited with ${code} on SIGTERM: ${lastLines(part.logs())}`);
      part.start();
      if (round < rounds - 1) await part.whenReady();
    }
  },
});

const lastLines = (text: string): string => text.trim().split('\n').slice(-3).join(' | ');

/** Longer than the session timeout, while another member takes over; then it wakes with everything still in its hands. */
const zombieMs = 14_000;

const zombie = (name: 'inference' | 'sink'): Fault => ({
  name: `zombie-${name}`,
  about: `SIGSTOP of ${name} past its session timeout while another takes over, then SIGCONT`,
  rig: 'one',
  inject: async (context) => {
    const other = context.rig.part(`${name}-2`);
    other.start();
    await other.whenReady();
    await context.sleep(1_000);
    await freeze(context, name, zombieMs);
    await context.sleep(4_000);
    await other.terminate();
  },
});

const pause = (name: PartName): Fault => ({
  name: `pause-${name}`,
  about: `SIGSTOP of ${name}, alone, past every timeout, then SIGCONT`,
  rig: 'one',
  inject: (context) => freeze(context, name, zombieMs),
});

async function freeze({ rig, sleep }: FaultContext, name: PartName, ms: number): Promise<void> {
  const part = rig.part(name);
  part.signal('SIGSTOP');
  await sleep(ms);
  part.signal('SIGCONT');
}

export const processFaults: readonly Fault[] = [
  ...mainParts.map(kill),
  ...mainParts.map(terminate),
  zombie('inference'),
  zombie('sink'),
  pause('ingest'),
  pause('inference'),
  pause('sink'),
];
