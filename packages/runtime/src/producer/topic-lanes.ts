/**
 * The lanes of one topic. Until the number of partitions is known, records wait in the order they came; then each goes to its key's lane.
 * A topic that does not exist (yet) is asked for again and again; the records' own deadline ends the wait.
 */
import type { Message } from 'kafkajs';
import type { AppError } from '../errors/app-error.ts';
import { backOffDelay, dependencyBackOff, sleep } from '../errors/back-off.ts';
import { classify, runtimeError } from '../errors/classify.ts';
import { createLane, type Lane, type LaneEvents, type Outgoing } from './lane.ts';
import { partitionOfKey } from './murmur2.ts';
import type { Transport } from './transport.ts';
import type { ProducerLimits } from './types.ts';

export type TopicLanes = {
  add(item: Outgoing): void;
  flush(): void;
  expire(now: number): void;
  abandon(error: AppError): void;
};

export type TopicLanesOptions = {
  readonly transport: Pick<Transport, 'send' | 'partitionCount'>;
  readonly limits: ProducerLimits;
  readonly now: () => number;
  readonly stopping: AbortSignal;
  readonly events: LaneEvents;
};

export function createTopicLanes(topic: string, options: TopicLanesOptions): TopicLanes {
  const lanes: Lane[] = [];
  let partitions: number | null = null;
  let waiting: Outgoing[] = [];
  let asking = false;
  let nextWithoutKey = 0;

  const laneOf = (partition: number): Lane => {
    const known = lanes[partition];
    if (known) return known;
    const send = (messages: Message[]) => options.transport.send(topic, partition, messages);
    const made = createLane({ ...options, send });
    lanes[partition] = made;
    return made;
  };

  const choose = (message: Message, count: number): number => {
    if (message.partition !== undefined) return message.partition;
    if (Buffer.isBuffer(message.key)) return partitionOfKey(message.key, count);
    nextWithoutKey = (nextWithoutKey + 1) % count;
    return nextWithoutKey;
  };

  const route = (item: Outgoing, count: number): void => {
    const partition = choose(item.message, count);
    item.message.partition = partition;
    if (partition < count) laneOf(partition).add(item);
    else item.fail(unknownPartition(topic, partition));
  };

  const ask = async (): Promise<void> => {
    for (let attempt = 1; waiting.length > 0 && !options.stopping.aborted; attempt++) {
      try {
        const count = await options.transport.partitionCount(topic);
        partitions = count;
        for (const item of waiting.splice(0)) route(item, count);
        flush();
        return;
      } catch (error) {
        options.events.retrying(classify(error, 'publish'));
        await sleep(backOffDelay(dependencyBackOff, attempt), options.stopping);
      }
    }
  };

  const flush = (): void => {
    for (const lane of lanes) lane?.flush();
  };

  return {
    add(item) {
      if (partitions !== null) return route(item, partitions);
      waiting.push(item);
      if (asking) return;
      asking = true;
      ask().finally(() => {
        asking = false;
      });
    },
    flush,
    expire(now) {
      for (const item of waiting) if (item.deadline <= now) item.fail(runtimeError('KAFKA_UNAVAILABLE', 'publish'));
      if (waiting[0]?.settled) waiting = waiting.filter(({ settled }) => !settled);
      for (const lane of lanes) lane?.expire(now);
    },
    abandon(error) {
      for (const item of waiting.splice(0)) item.fail(error);
      for (const lane of lanes) lane?.abandon(error);
    },
  };
}

const unknownPartition = (topic: string, partition: number): AppError =>
  runtimeError('TOPIC_UNKNOWN', 'publish', { message: `${topic} has no partition ${partition}` });
