/** The servers of a house, broken on purpose. Kafka is one broker here: killed, started again on the same data, or on none. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { deployTopics, isAlive, startKafka } from '@clinstream/local';
import type { TestStack } from '@clinstream/testkit';
import { until } from './house.ts';

export type BreakableKafka = {
  /** kill -9. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Kills it and starts another in its place: same address, new cluster, topics as deployed but empty. */
  wipe(): Promise<void>;
};

export function breakableKafka(stack: TestStack): BreakableKafka {
  const dir = join(stack.dir, 'kafka');
  const port = Number(stack.brokers[0]?.split(':')[1]);
  const kill = async (): Promise<void> => {
    const pid = Number(readFileSync(join(dir, 'broker-1', 'broker.pid'), 'utf8'));
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid), 'Kafka is gone');
  };
  const start = async (): Promise<void> => void (await startKafka({ dir, port, heapMb: 384 }));
  return {
    kill,
    start,
    wipe: async () => {
      await kill();
      rmSync(dir, { recursive: true, force: true });
      await start();
      await deployTopics({ kafka: stack.kafkaConfig });
    },
  };
}
