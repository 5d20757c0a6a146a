/** Records that cannot be read, are too large, are gone before they were read, cannot be parked, or all come again. */
import { allTopics, deadLetterTopicOf, groups, lanes, topics } from '@clinstream/contracts';
import { isRefusal } from '@clinstream/testkit/oracle/index';
import { execute } from '../lib/execute.ts';
import type { Fault, FaultContext } from '../lib/fault.ts';
import { appendRaw, metricOf, poisonValues, sendOversized } from '../lib/strange-records.ts';

const inferenceGroups = Object.values(groups.inference);
const deadLetters = [...inferenceGroups, groups.sink].map(deadLetterTopicOf);

const ends = async ({ rig }: FaultContext, topicNames: readonly string[]): Promise<number> =>
  (await rig.admin.logBounds(topicNames)).reduce((sum, { logEndOffset }) => sum + logEndOffset, 0);

const poison: Fault = {
  name: 'poison',
  about: 'bytes that are no Avro, unknown schema ids and cut records between the good ones: parked, and nothing else happens',
  rig: 'one',
  inject: async (context) => {
    const { rig, sleep, until, note } = context;
    const before = await ends(context, deadLetters);
    let sent = 0;
    for (let round = 0; round < 4; round++) {
      for (const lane of lanes) sent += await appendRaw(rig, topics.requests[lane], poisonValues(context.random));
      sent += await appendRaw(rig, topics.results.routine, poisonValues(context.random));
      await sleep(700);
    }
    const perRound = poisonValues(context.random).length;
    // Requests are read by inference and by the sink, results by the sink alone.
    const expected = 4 * perRound * (lanes.length * 2 + 1);
    await until(
      'every bad record is parked by every group that reads it',
      async () => (await ends(context, deadLetters)) - before >= expected,
    );
    const parked = (await ends(context, deadLetters)) - before;
    note(`${sent} bad records, ${parked} parked`);
    if (parked > expected) note(`${parked - expected} of them twice`);
  },
};

const tooLarge: Fault = {
  name: 'too-large',
  about: 'messages and batch lines too large for a record, in the middle of good ones: refused, alone',
  rig: 'one',
  inject: async ({ rig, sleep, sends, complain, note }) => {
    for (let round = 0; round < 4; round++) {
      const { mllp, batch } = await sendOversized(rig, round, sends);
      if (!isRefusal(mllp)) complain(`a message too large was answered ${mllp}`);
      if (batch !== '202,4xx,202') complain(`a batch with a line too large was answered ${batch}`);
      if (round === 0) note(`MLLP ${mllp}, lines ${batch}`);
      await sleep(500);
    }
  },
};

const retention: Fault = {
  name: 'retention',
  about: 'retention removes results the sink has not read: seen, counted, alarmed',
  rig: 'one',
  alone: true,
  rules: {
    settleMs: 12_000,
    countedLosses: ({ rig }) => metricOf(rig.part('sink'), 'clinstream_sink_lost_records_total'),
  },
  inject: async ({ rig, sleep, until, complain }) => {
    const sink = rig.part('sink');
    await sink.kill();
    await sleep(4_000);
    const bounds = await rig.admin.logBounds([topics.results.routine]);
    await rig.admin.deleteRecords(
      bounds.map(({ topic, partition, logEndOffset }) => ({ topic, partition, offset: logEndOffset })),
    );
    sink.start();
    await sink.whenReady();
    await until('the gap is counted', async () => (await metricOf(sink, 'clinstream_sink_lost_records_total')) > 0).catch(() =>
      complain('the gap was not counted'),
    );
    if (!/SINK_LOG_GAP/.test(sink.logs())) complain('the gap was not said');
  },
};

const deadLetterFailing: Fault = {
  name: 'dead-letter-failing',
  about: 'a bad record cannot be parked: its offset does not advance until it can',
  rig: 'one',
  inject: async (context) => {
    const { rig, sleep, until, complain } = context;
    const group = groups.inference.routine;
    const topic = topics.requests.routine;
    await rig.admin.deleteTopics([deadLetterTopicOf(group)]);
    const partition = 0;
    await appendRaw(rig, topic, [Buffer.from('no avro')], partition);
    const at = (await rig.admin.logBounds([topic])).find((one) => one.partition === partition)?.logEndOffset ?? 0;
    await sleep(6_000);
    const committed = async (): Promise<number> =>
      (await rig.admin.groupOffsets(group, [topic])).find((one) => one.partition === partition)?.offset ?? 0;
    // The bad one lies below `at`; the load appends good ones behind it all the time.
    if ((await committed()) >= at) complain('the offset went on past a record that could not be parked');
    await rig.redeploy();
    await until('it is parked', async () => (await ends(context, [deadLetterTopicOf(group)])) >= 1);
  },
};

const replay: Fault = {
  name: 'replay',
  about: 'every topic is read again from its start by every group: nothing changes, not even for a moment',
  rig: 'one',
  inject: async ({ rig, until }) => {
    await Promise.all(['sink', 'inference'].map((name) => rig.part(name as 'sink' | 'inference').terminate()));
    const starts = (await rig.admin.logBounds(allTopics)).map(({ topic, partition, logStartOffset }) => ({
      topic,
      partition,
      offset: logStartOffset,
    }));
    await until('the groups can be set back', async () => {
      for (const lane of lanes)
        await rig.admin.setGroupOffsets(
          groups.inference[lane],
          starts.filter(({ topic }) => topic === topics.requests[lane]),
        );
      return true;
    });
    await execute(rig.postgres.url, 'UPDATE api.sink_offset SET next_offset = 0');
    for (const name of ['inference', 'sink'] as const) rig.part(name).start();
  },
};

export const dataFaults: readonly Fault[] = [poison, tooLarge, deadLetterFailing, replay, retention];
