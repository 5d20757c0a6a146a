import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c } from './crc32c.ts';
import { groupMessages } from './group-messages.ts';
import './kafkajs.ts';

const require = createRequire(import.meta.url);

test('the checksum is CRC-32C', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe306_9283);
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a91_36aa); // RFC 3720, B.4
  assert.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8_ab43);
  assert.equal(crc32c(Buffer.alloc(0)), 0);
});

test('the checksum is what kafkajs would write, of any bytes at any place of a buffer', () => {
  const original = require('kafkajs/src/protocol/recordBatch/crc32C/crc32C.js') as (bytes: Uint8Array) => number;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(20), (bytes, from) => {
      const part = Buffer.from(bytes).subarray(from);
      assert.equal(crc32c(part), original(part));
    }),
    { numRuns: 500 },
  );
});

const partitionMetadata = [0, 1, 2].map((partitionId) => ({ partitionId, leader: 0 })) as never;

test('messages are grouped by partition in the order they were given', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2)), (partitions) => {
      const messages = partitions.map((partition, i) => ({ value: String(i), partition }));
      const groups = groupMessages({
        topic: 't',
        partitionMetadata,
        messages,
        partitioner: ({ message }) => message.partition ?? 0,
      });
      assert.deepEqual(groups, { ...Object.groupBy(messages, ({ partition }) => partition) });
    }),
  );
});

test('a topic without partitions has no groups', () => {
  const messages = [{ value: 'one' }];
  assert.deepEqual(groupMessages({ topic: 't', partitionMetadata: [], messages, partitioner: () => assert.fail('asked') }), {});
});

type SendMessages = (deps: object) => (asked: object) => Promise<unknown>;

test('kafkajs groups and checks through ours, because they stood in its place when it was loaded', async () => {
  assert.equal(require('kafkajs/src/protocol/recordBatch/crc32C/index.js'), crc32c);
  const createSend = require('kafkajs/src/producer/sendMessages.js') as SendMessages;
  const produced: unknown[] = [];
  const broker = {
    nodeId: 0,
    produce: async ({ topicData }: { topicData: unknown }) => produced.push(topicData) && { topics: [] },
  };
  const cluster = {
    addMultipleTargetTopics: async () => {},
    refreshMetadataIfNecessary: async () => {},
    findTopicPartitionMetadata: () => partitionMetadata,
    findLeaderForPartitions: () => ({ 0: [1] }),
    findBroker: async () => broker,
  };
  const eosManager = new Proxy({}, { get: (_, name) => () => (name === 'isTransactional' ? false : 0) });
  const retrier = (send: () => unknown) => send();
  const send = createSend({ cluster, eosManager, retrier, partitioner: () => 1, logger: { error: () => {} } });
  const messages = Object.assign([{ value: 'one' }, { value: 'two' }], {
    reduce: () => assert.fail('copied message by message'),
  });
  await send({ acks: -1, topicMessages: [{ topic: 't', messages }] });
  assert.deepEqual(produced, [
    [{ topic: 't', partitions: [{ partition: 1, messages: [{ value: 'one' }, { value: 'two' }], firstSequence: 0 }] }],
  ]);
});
