import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from 'kafkajs';
import type { Outgoing } from './lane.ts';
import { createTopicLanes } from './topic-lanes.ts';
import { defaultProducerLimits } from './types.ts';

type Sent = { readonly partition: number; readonly messages: readonly Message[] };

function createHouse(partitionCount: () => Promise<number>) {
  const sent: Sent[] = [];
  const places: (readonly [string, number, number])[] = [];
  const lanes = createTopicLanes('t', {
    transport: {
      partitionCount,
      send: async (_topic, partition, messages) => {
        sent.push({ partition, messages });
        return sent.length * 100;
      },
    },
    limits: defaultProducerLimits,
    now: () => 0,
    stopping: new AbortController().signal,
    events: { confirmed: () => {}, retrying: () => {} },
  });
  const add = (key: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const item: Outgoing = {
        message: { key: Buffer.from(key), value: key },
        bytes: 1,
        deadline: 1,
        settled: false,
        succeed: (offset) => {
          places.push([key, item.message.partition ?? -1, offset]);
          resolve();
        },
        fail: reject,
      };
      lanes.add(item);
    });
  return { lanes, sent, places, add };
}

const keys = Array.from({ length: 30 }, (_, index) => `patient-${index}`);

test('a send carries records of one partition only: one over many can lose a record when a leader moves', async () => {
  const house = createHouse(async () => 6);
  await Promise.all(keys.map(house.add));
  house.lanes.flush();
  for (const { partition, messages } of house.sent)
    assert.deepEqual([...new Set(messages.map((message) => message.partition))], [partition]);
  assert.ok(new Set(house.sent.map(({ partition }) => partition)).size > 3);
  assert.equal(house.places.length, keys.length);
});

test('a key always goes to the same partition', async () => {
  const house = createHouse(async () => 6);
  const all = [...keys, ...keys].map(house.add);
  house.lanes.flush();
  await Promise.all(all);
  const partitionsOf = Map.groupBy(house.places, ([key]) => key);
  for (const [key, places] of partitionsOf) assert.equal(new Set(places.map(([, partition]) => partition)).size, 1, key);
});

test('records wait in order while the partitions are not known, and go once they are', async () => {
  let tries = 0;
  const house = createHouse(async () => {
    if (++tries < 3) throw new Error('no such topic yet');
    return 1;
  });
  await Promise.all(keys.map(house.add));
  assert.equal(tries, 3);
  assert.deepEqual(
    house.places.map(([key]) => key),
    keys,
  );
});
