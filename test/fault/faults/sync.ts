/** The hospital's own systems away, forgetful or rude, and everything told to them read again from the start. Judged by what they keep. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { repositoryRoot } from '@clinstream/local';
import { formatHospitalVerdict, type HospitalRules, hospitalFindings, judgeHospital } from '@clinstream/testkit/oracle/index';
import type { Behaviour } from '../../../services/sync/src/lis/mllp/testing/fake-lab.ts';
import { ack, well } from '../../../services/sync/src/lis/mllp/testing/fake-lab.ts';
import { execute } from '../lib/execute.ts';
import type { Fault, FaultContext } from '../lib/fault.ts';
import { labTimeoutMs } from '../lib/hospital.ts';
import { gatherHospital, isAllAtLaboratory, isEnded, ordersAtLaboratory } from '../lib/hospital-doors.ts';
import { type HospitalDay, placersOf, playDay } from '../lib/hospital-load.ts';
import { compared, measureDay } from '../lib/measured-day.ts';
import { syncParts } from '../lib/part.ts';

/** Beside the day at the hospital: little, because a validating FHIR server is told of all of it, a Task for each state of a job included. */
const rate = 4;
const patients = 4;

let days = 0;
const newDay = (count: number, { random }: FaultContext) => ({
  name: `d${process.pid}x${++days}`,
  patients: count,
  seed: random.integer(1e6),
});

const joined = (...all: readonly HospitalDay[]): HospitalDay => ({
  patients: all.flatMap((day) => day.patients),
  resources: all.flatMap((day) => day.resources),
  orders: all.flatMap((day) => day.orders),
});

/** Until nothing of the day is missing, or the deadline: then the judge tells what is. Anything else than missing does not go away by waiting. */
async function settleAndJudge(
  context: FaultContext,
  day: HospitalDay,
  rules: HospitalRules = {},
  deadlineMs = 240_000,
): Promise<void> {
  const hospital = context.rig.hospital();
  const verdict = async () => judgeHospital(await gatherHospital(hospital, day), rules);
  const isThere = async (): Promise<boolean> => {
    const { lost } = (await verdict()).found;
    return lost.length === 0 && (await isAllAtLaboratory(context.rig, day));
  };
  const began = context.now();
  await context
    .until('everything of the day is told', isThere, deadlineMs)
    .catch((error: Error) => context.complain(error.message));
  const last = await verdict();
  context.note(`${formatHospitalVerdict(last)}, told after ${((context.now() - began) / 1000).toFixed(1)} s`);
  for (const finding of hospitalFindings(last)) context.complain(finding);
}

const fhirAway: Fault = {
  name: 'fhir-away',
  about:
    'the FHIR server is killed for a whole day and started again: each resource once, in its last state; the laboratory hears at once',
  rig: 'hospital',
  rate,
  inject: async (context) => {
    const hospital = context.rig.hospital();
    // The same day twice, so that what is compared did the same: the first with the server, told to its end, the second without.
    const before = await measureDay(context, newDay(patients, context));
    await settleAndJudge(context, before.day);
    await hospital.fhir.kill();
    const meanwhile = await measureDay(context, newDay(patients, context));
    context.note(compared('API', before.apiMs, meanwhile.apiMs));
    context.note(compared('orders to the laboratory', before.toLaboratoryMs, meanwhile.toLaboratoryMs));
    await hospital.fhir.restart();
    await settleAndJudge(context, meanwhile.day, { mostVersions: 1 });
  },
};

const fhirReplyLost: Fault = {
  name: 'fhir-reply-lost',
  about: 'one in ten replies of the FHIR server is lost after the effect: nothing twice, nothing missing',
  rig: 'hospital',
  rate,
  inject: async (context) => {
    const { proxy } = context.rig.hospital();
    const before = proxy.counts();
    proxy.lose(oneInTen(context));
    try {
      const day = await playDay(context, newDay(patients, context));
      await settleAndJudge(context, day);
    } finally {
      proxy.lose(null);
    }
    const { requests, lost } = proxy.counts();
    context.note(`${lost - before.lost} of ${requests - before.requests} replies lost`);
    if (lost === before.lost) context.complain('no reply was lost');
  },
};

/** One of the first ten replies, at a random place, and every tenth after it: by chance alone a short day may lose none. */
function oneInTen({ random }: FaultContext): () => boolean {
  let turn = random.integer(10);
  return () => turn++ % 10 === 9;
}

type Habit = 'well' | 'late' | 'twice' | 'foreign' | 'never';
const habits: readonly Habit[] = ['well', 'late', 'twice', 'foreign', 'never'];

/** Rude once per message, but for `never`, which stays silent. */
function behaviourOf(habitOf: ReadonlyMap<string, Habit>): Behaviour {
  const seen = new Set<string>();
  return (message, answer) => {
    const { controlId, placerNumber } = message;
    const habit = habitOf.get(placerNumber) ?? 'well';
    const isFirst = !seen.has(controlId);
    seen.add(controlId);
    if (habit === 'never') return answer.take();
    if (habit === 'well' || !isFirst) return well(message, answer);
    answer.take();
    if (habit === 'late') setTimeout(() => answer.say(answer.positive), labTimeoutMs + 1_000).unref();
    if (habit === 'foreign') answer.say(ack('AA', 'NOT-YOURS'));
    if (habit === 'twice') for (let turn = 0; turn < 2; turn++) answer.say(answer.positive);
  };
}

const lisMisbehaves: Fault = {
  name: 'lis-misbehaves',
  about:
    'the laboratory acknowledges late, twice, never, or another message: no order twice, and only orders without an answer wait',
  rig: 'hospital',
  rate,
  inject: async (context) => {
    const { rig, random, until, note, complain } = context;
    const { lab } = rig.hospital();
    const plan = newDay(patients, context);
    const habitOf = new Map(placersOf(plan).map((number) => [number, random.pick(habits)] as const));
    lab.behave(behaviourOf(habitOf));
    let day: HospitalDay;
    try {
      day = await playDay(context, plan);
      const began = context.now();
      const delivered = async (isNever: boolean) => {
        const told = await ordersAtLaboratory(rig, day);
        const asked = day.orders.filter(({ placerNumber }) => (habitOf.get(placerNumber) === 'never') === isNever);
        return { asked, there: asked.filter(({ placerNumber }) => isEnded(told.get(placerNumber)?.outcome)) };
      };
      const othersAreThere = async () => {
        const { asked, there } = await delivered(false);
        return asked.length === there.length;
      };
      await until('every order that gets an answer is delivered', othersAreThere, 60_000).catch((error: Error) =>
        complain(error.message),
      );
      const silent = await delivered(true);
      note(`answered orders told ${((context.now() - began) / 1000).toFixed(1)} s after the day`);
      note(`${silent.asked.length - silent.there.length} of ${silent.asked.length} unanswered ones wait`);
      // A result proves that an order arrived; nothing proves the others.
      const guessed = silent.there.filter(({ placerNumber }) => !placerNumber.endsWith('R'));
      for (const { placerNumber } of guessed) complain(`order ${placerNumber} counts as delivered, and nobody said so`);
    } finally {
      lab.behave(well);
    }
    await settleAndJudge(context, day);
  },
};

const replay: Fault = {
  name: 'sync-replay',
  about: 'sync reads every topic again from its start, then with its state wiped: no version moves, no order is sent again',
  rig: 'hospital',
  rate,
  inject: async (context) => {
    const { rig, complain } = context;
    const hospital = rig.hospital();
    const first = await playDay(context, newDay(patients, context));
    await settleAndJudge(context, first);
    const before = await gatherHospital(hospital, first);
    const later: HospitalDay[] = [];
    for (const setBack of [readAgain, wipeState]) {
      await Promise.all(syncParts.map((name) => rig.part(name).terminate()));
      await setBack(context);
      for (const name of syncParts) rig.part(name).start();
      // What is new goes the same way, behind the old: once it is told, the old was read.
      const day = await playDay(context, newDay(2, context));
      later.push(day);
      await settleAndJudge(context, day);
    }
    const after = await gatherHospital(hospital, first);
    // Histories are complete: an older state shown for a moment would be a version more.
    if (JSON.stringify(after.seenResources) !== JSON.stringify(before.seenResources))
      complain('a version moved on the FHIR server');
    if (after.messages.length !== before.messages.length)
      complain(`${after.messages.length - before.messages.length} messages more at the laboratory`);
    await settleAndJudge(context, joined(first, ...later));
  },
};

const killRounds = 3;

/** Both at moments nobody chose, while a day is played: what was sent and not written down, and what was written down and not sent. */
const killSync: Fault = {
  name: 'kill-sync',
  about:
    'kill -9 of both sync processes at random moments: no resource twice, no order sent again under another number, nothing lost',
  rig: 'hospital',
  rate,
  inject: async (context) => {
    const { rig, random, sleep } = context;
    const { lab } = rig.hospital();
    // Slow, so that a kill finds something in flight.
    lab.behave((message, answer) => void setTimeout(() => well(message, answer), random.integer(1_000)));
    const days: HospitalDay[] = [];
    try {
      for (let round = 0; round < killRounds; round++) {
        const killing = syncParts.map(async (name) => {
          await sleep(300 + random.integer(3_000));
          await rig.part(name).kill();
          rig.part(name).start();
        });
        const [day] = await Promise.all([playDay(context, newDay(2, context)), ...killing]);
        days.push(day);
        // A process that only starts holds nothing in its hands: the next kill waits until it does.
        await Promise.all(syncParts.map((name) => rig.part(name).whenReady()));
      }
    } finally {
      lab.behave(well);
    }
    await settleAndJudge(context, joined(...days));
  },
};

async function readAgain({ rig, complain }: FaultContext): Promise<void> {
  const setBack = await execute(rig.postgres.url, 'UPDATE sync.target_offset SET next_offset = 0 WHERE next_offset > 0');
  if (setBack === 0) complain('nothing was read before, so nothing is read again');
}

async function wipeState({ rig }: FaultContext): Promise<void> {
  for (const target of ['fhir', 'lis']) {
    const script = `${repositoryRoot}services/sync/src/reset-state.ts`;
    await promisify(execFile)(process.execPath, [script, '--target', target, '--yes-drop-state'], {
      env: { ...process.env, DATABASE_URL: rig.postgres.url },
    });
  }
}

export const syncFaults: readonly Fault[] = [lisMisbehaves, fhirReplyLost, fhirAway, killSync, replay];
