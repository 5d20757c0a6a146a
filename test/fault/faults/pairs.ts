/** Two faults at once: the second begins some moments after the first, and both are healed when the later one is. */
import { createRandom } from '@clinstream/testkit/oracle/index';
import type { Fault, FaultContext } from '../lib/fault.ts';
import type { RigKind } from '../lib/rig.ts';
import { clusterFaults } from './cluster.ts';
import { linkFaults } from './links.ts';
import { churnFor, memberFaults } from './members.ts';
import { processFaults } from './processes.ts';
import { serverFaults } from './servers.ts';

const singles: readonly Fault[] = [...processFaults, ...memberFaults, ...serverFaults, ...clusterFaults, ...linkFaults];

function single(name: string): Fault {
  const fault = singles.find((one) => one.name === name);
  if (fault === undefined) throw new Error(`no fault is called ${name}`);
  return fault;
}

/** So that the second finds the first in any of its phases. */
const mostApartMs = 3_000;

/** The rig must be one that both can be run on. Not for two that both need the same process, server or link for themselves. */
export const both = (rig: RigKind, first: Fault, second: Fault): Fault => ({
  name: `${first.name}+${second.name}`,
  about: `${first.about}; and, meanwhile, ${second.about}`,
  rig,
  isPair: true,
  rules: { ...first.rules, ...second.rules, mayFailWith: [first, second].flatMap(({ rules }) => rules?.mayFailWith ?? []) },
  inject: async (context) => {
    const apartMs = context.random.integer(mostApartMs);
    // Draws of their own: which of the two asks first is the machine's business, and must not change what either does.
    const [one, other] = [ownDraws(context), ownDraws(context)];
    const ends = await Promise.allSettled([first.inject(one), context.sleep(apartMs).then(() => second.inject(other))]);
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
  },
});

const ownDraws = (context: FaultContext): FaultContext => ({ ...context, random: createRandom(context.random.integer(2 ** 31)) });

const named = (rig: RigKind, first: string, second: string): Fault => both(rig, single(first), single(second));

export const pairFaults: readonly Fault[] = [
  named('one', 'zombie-sink', 'postgres-killed'),
  named('one', 'registry-away', 'kill-inference'),
  named('one', 'worker-killed', 'kafka-killed'),
  named('three', 'broker-killed', 'postgres-killed'),
  both('three', churnFor('inference', 5), single('leaders-moved')),
  both('three', churnFor('sink', 5), single('broker-killed')),
  named('proxied', 'black-hole-inference-kafka', 'kill-sink'),
  named('proxied', 'reset-ingest-postgres', 'kill-ingest'),
  named('proxied', 'slow-sink-postgres', 'black-hole-ingest-kafka'),
];
