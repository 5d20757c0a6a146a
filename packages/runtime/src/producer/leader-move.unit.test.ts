/**
 * A record survives a leader move in mid-send. Runs kafkajs's own send code against stub brokers, first as it must not be used (one send over two
 * partitions: a record is lost and the send resolves), then as we use it.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { baseOffsetOf } from './transport.ts';

const require = createRequire(import.meta.url);
type Answer = { readonly topicName: string; readonly partition: number; readonly baseOffset: string };
type Send = (request: { acks: number; topicMessages: { topic: string; messages: object[] }[] }) => Promise<Answer[]>;
const createSendMessages = require('kafkajs/src/producer/sendMessages.js') as (options: object) => Send;
const createRetry = require('kafkajs/src/retry/index.js') as (options: object) => unknown;
const { createErrorFromCode } = require('kafkajs/src/protocol/error.js') as { createErrorFromCode: (code: number) => Error };

const notLeader = 6;
type TopicData = {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly messages: readonly object[] }[];
};

/** Two brokers; partition 1 moves from broker 2 to broker 1 when metadata is refreshed. */
function createCluster() {
  const log = new Map<number, object[]>([
    [0, []],
    [1, []],
  ]);
  const leaders = new Map([
    [0, '1'],
    [1, '2'],
  ]);
  const broker = (nodeId: string) => ({
    nodeId,
    async produce({ topicData }: { topicData: readonly TopicData[] }) {
      const partitions = topicData.flatMap((one) => one.partitions);
      if (nodeId === '2') throw createErrorFromCode(notLeader);
      return {
        topics: [
          {
            topicName: 't',
            partitions: partitions.map(({ partition, messages }) => {
              const records = log.get(partition) ?? [];
              records.push(...messages);
              return { partition, baseOffset: String(records.length - messages.length) };
            }),
          },
        ],
      };
    },
  });
  const brokers = new Map(['1', '2'].map((id) => [id, broker(id)]));
  const cluster = {
    targetTopics: new Set(['t']),
    addMultipleTargetTopics: async () => {},
    refreshMetadataIfNecessary: async () => {},
    refreshMetadata: async () => void leaders.set(1, '1'),
    isConnected: () => true,
    findTopicPartitionMetadata: () => [...leaders].map(([partitionId, leader]) => ({ partitionId, leader })),
    findLeaderForPartitions: (_topic: string, partitions: readonly string[]) => {
      const result: Record<string, number[]> = {};
      for (const id of partitions) {
        const leader = leaders.get(Number(id)) ?? '1';
        result[leader] = [...(result[leader] ?? []), Number(id)];
      }
      return result;
    },
    findBroker: async ({ nodeId }: { nodeId: string }) => brokers.get(nodeId),
  };
  return { cluster, log };
}

function sender(cluster: object, retries: number): Send {
  const silent = { debug: () => {}, error: () => {} };
  const eosManager = {
    acquireBrokerLock: async () => {},
    releaseBrokerLock: async () => {},
    isTransactional: () => false,
    getSequence: () => 0,
    updateSequence: () => {},
    getProducerId: () => undefined,
    getProducerEpoch: () => undefined,
  };
  const partitioner = ({ message }: { message: { partition: number } }) => message.partition;
  const retrier = createRetry({ retries, initialRetryTime: 1, maxRetryTime: 2 });
  return createSendMessages({ logger: silent, cluster, partitioner, eosManager, retrier });
}

test('the trap: one send over two partitions loses a record and resolves', async () => {
  const { cluster, log } = createCluster();
  const messages = [{ partition: 0 }, { partition: 1 }];
  const answers = await sender(cluster, 5)({ acks: -1, topicMessages: [{ topic: 't', messages }] });
  assert.equal(log.get(1)?.length, 0);
  assert.throws(() => baseOffsetOf(answers, 't', 1), { code: 'KAFKA_UNAVAILABLE' });
});

test('one send per partition: the failed try is an error, the next try lands on the new leader', async () => {
  const { cluster, log } = createCluster();
  const send = sender(cluster, 0);
  const request = (partition: number) => ({ acks: -1, topicMessages: [{ topic: 't', messages: [{ partition }] }] });
  assert.equal(baseOffsetOf(await send(request(0)), 't', 0), 0);
  await assert.rejects(send(request(1)));
  assert.equal(baseOffsetOf(await send(request(1)), 't', 1), 0);
  assert.equal(log.get(1)?.length, 1);
});
