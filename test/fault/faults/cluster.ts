/** Three brokers, RF 3, min.insync.replicas 2: one gone, two gone, leaders on the move. */
import type { Fault } from '../lib/fault.ts';
import { leadersNow, movedBetween, moveLeaders } from '../lib/move-leaders.ts';
import { expectRefusals } from '../lib/refusals.ts';

const brokerKilled: Fault = {
  name: 'broker-killed',
  about: 'kill -9 of one broker of three, back after some seconds',
  rig: 'three',
  inject: async ({ rig, random, sleep }) => {
    const broker = random.pick(rig.kafka.nodes);
    await broker.kill();
    await sleep(8_000);
    await broker.restart();
  },
};

const twoBrokersKilled: Fault = {
  name: 'two-brokers-killed',
  about: 'kill -9 of two brokers of three: 503 and CE while the log cannot confirm, nothing falsely accepted',
  rig: 'three',
  inject: async (context) => {
    const { rig, random, now, sleep } = context;
    const spared = random.integer(3);
    const killed = rig.kafka.nodes.filter((_, index) => index !== spared);
    await Promise.all(killed.map((broker) => broker.kill()));
    const from = now();
    await sleep(14_000);
    expectRefusals(context, { from, to: now(), meanwhile: 'two brokers of three were dead' });
    await Promise.all(killed.map((broker) => broker.restart()));
  },
};

const leadersMoved: Fault = {
  name: 'leaders-moved',
  about: 'leaders of every topic move from broker to broker during sends',
  rig: 'three',
  inject: async ({ rig, sleep, note, complain }) => {
    let moved = 0;
    for (let round = 0; round < 6; round++) {
      const before = await leadersNow(rig);
      await moveLeaders(rig, round);
      await sleep(2_500);
      moved += movedBetween(before, await leadersNow(rig));
    }
    note(`${moved} leaders moved`);
    if (moved < 50) complain(`only ${moved} leaders moved: the fault did not happen`);
  },
};

const brokersRolled: Fault = {
  name: 'brokers-rolled',
  about: 'a rolling restart of all three brokers',
  rig: 'three',
  inject: async ({ rig, sleep }) => {
    for (const broker of rig.kafka.nodes) {
      await broker.restart();
      await sleep(3_000);
    }
  },
};

export const clusterFaults: readonly Fault[] = [brokerKilled, twoBrokersKilled, leadersMoved, brokersRolled];
