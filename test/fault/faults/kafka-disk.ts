/** The disk under Kafka is full: a broker that cannot write ends by itself, and comes back when there is room and somebody starts it. */
import { join } from 'node:path';
import type { Broker } from '@clinstream/local';
import type { Fault, FaultContext } from '../lib/fault.ts';
import { expectRefusals } from '../lib/refusals.ts';
import { ontoSmallDisk, type SmallDisk, smallDiskHindrance } from '../lib/small-disk.ts';

/** The broker again, its data on a small disk. */
async function withSmallDisk({ rig, sleep }: FaultContext, broker: Broker): Promise<SmallDisk> {
  await broker.stop();
  const disk = ontoSmallDisk(rig, join(rig.dir, 'kafka', `broker-${broker.id}`, 'data'), 400);
  await broker.restart();
  await sleep(3_000);
  return disk;
}

/** Fills the disk until the broker has ended. What it takes before is written in full, or not acknowledged: the ledger tells. */
async function fillUntilItEnds({ until, now, note }: FaultContext, broker: Broker, disk: SmallDisk): Promise<void> {
  const began = now();
  disk.fill();
  await until('the broker ends for want of room', () => !broker.isRunning());
  note(`the broker ended ${((now() - began) / 1000).toFixed(1)} s after its disk was full`);
}

async function freeAndRestart(broker: Broker, disk: SmallDisk): Promise<void> {
  disk.free();
  await broker.restart();
}

const kafkaDiskFull: Fault = {
  name: 'kafka-disk-full',
  about:
    'the disk under the only broker is full: 503 and CE while nothing can be confirmed; freed and started again, all goes on',
  rig: 'one',
  spoils: true,
  alone: true,
  hindrance: smallDiskHindrance,
  inject: async (context) => {
    const { rig, now, sleep } = context;
    const [broker] = rig.kafka.nodes;
    if (broker === undefined) throw new Error('no broker');
    const disk = await withSmallDisk(context, broker);
    await fillUntilItEnds(context, broker, disk);
    const from = now();
    await sleep(12_000);
    expectRefusals(context, { from, to: now(), meanwhile: 'the broker had no room' });
    await freeAndRestart(broker, disk);
  },
};

const brokerDiskFull: Fault = {
  name: 'broker-disk-full',
  about: 'the disk under one broker of three is full: the other two go on; freed and started again, it comes back',
  rig: 'three',
  spoils: true,
  alone: true,
  hindrance: smallDiskHindrance,
  inject: async (context) => {
    const { rig, random, now, sleep, answers, note, complain } = context;
    const broker = random.pick(rig.kafka.nodes);
    const disk = await withSmallDisk(context, broker);
    await fillUntilItEnds(context, broker, disk);
    await sleep(4_000);
    const from = now();
    await sleep(5_000);
    const acknowledged = answers().filter(({ sentAt, answer }) => sentAt > from && answer === 'ack').length;
    note(`${acknowledged} acknowledged by the other two in 5 s`);
    if (acknowledged === 0) complain('two brokers of three acknowledged nothing');
    await freeAndRestart(broker, disk);
  },
};

export const kafkaDiskFaults: readonly Fault[] = [kafkaDiskFull, brokerDiskFull];
