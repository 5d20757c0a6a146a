/** The sample hospital day through the door: every message of samples/hl7 gets the answers and makes the events samples/hl7/expected.json says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type ModelManifest, type Topic, topics } from '@clinstream/contracts';
import { frameOf } from '@clinstream/runtime/mllp';
import { createModelCatalog } from '../domain/model-catalog.ts';
import type { ReservationRequest } from '../idempotency/types.ts';
import { parseChannels } from './channel-settings.ts';
import { createMllpListener, type MllpListener } from './mllp-listener.ts';
import { createFakeHouse, peerOf } from './test-support.ts';

type Expected = {
  readonly file: string;
  readonly answers: readonly {
    readonly code: string;
    readonly condition?: string;
    readonly error?: string;
    readonly orders?: readonly string[];
  }[];
  readonly patients?: number;
  readonly orders?: number;
  readonly observations?: number;
  readonly analyses?: readonly {
    readonly placerNumber: string;
    readonly priority: string;
    readonly outcome: string;
    readonly code?: string;
    readonly input?: string;
  }[];
};

const root = new URL('../../../../', import.meta.url);
const text = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const day = (JSON.parse(text('samples/hl7/expected.json')) as { readonly messages: readonly Expected[] }).messages;
const manifest = JSON.parse(text('models/breast-cancer/1.0.0/manifest.json')) as ModelManifest;

/** As ingest's Postgres store behaves. */
function createReservations() {
  const owners = new Map<string, string>();
  const reserve = ({ key, digest }: ReservationRequest) => {
    const owner = owners.get(key);
    owners.set(key, owner ?? digest);
    return { outcome: owner === undefined ? 'new' : owner === digest ? 'repeat' : 'conflict' } as const;
  };
  return { reserveMany: async (requests: readonly ReservationRequest[]) => requests.map(reserve) };
}

const house = { ...createFakeHouse(), reservations: createReservations(), models: createModelCatalog([manifest]) };
let listener: MllpListener;

before(async () => {
  const read = parseChannels(text('samples/channels.json'));
  assert.ok(read.ok);
  const [channel] = read.channels;
  assert.ok(channel);
  assert.equal(channel.port, null, 'the sample channel listens where MLLP_PORT says');
  listener = createMllpListener({ ...house, channel, host: '127.0.0.1', defaultPort: 0 });
  await listener.start();
});
after(() => listener.stop(AbortSignal.timeout(2000)));

const segmentsNamed = (answer: string, name: string): readonly (readonly string[])[] =>
  answer
    .split('\r')
    .filter((segment) => segment.startsWith(name))
    .map((segment) => segment.split('|'));

function answerOf(answer: string) {
  const [msa] = segmentsNamed(answer, 'MSA');
  const [err] = segmentsNamed(answer, 'ERR');
  const orders = segmentsNamed(answer, 'ORC').map((orc) => orc[1]);
  // Before 2.5 condition and code stand in MSA-6 and MSA-3.
  const [condition, error] = [err?.[3] ?? msa?.[6], err?.[5] ?? msa?.[3]];
  return {
    code: msa?.[1],
    ...(err === undefined ? {} : { condition: condition?.split('^')[0], error }),
    ...(orders.length === 0 ? {} : { orders }),
  };
}

for (const expected of day) {
  test(`sample ${expected.file}`, async () => {
    const start = house.log.published.length;
    const peer = peerOf(listener.port());
    peer.socket.end(frameOf(readFileSync(new URL(`samples/hl7/${expected.file}`, root))));
    const answers = await peer.until(expected.answers.length);
    await peer.over;
    assert.deepEqual(answers.map(answerOf), expected.answers);
    const made = house.log.published.slice(start);
    const count = (topic: Topic): number => made.filter((event) => event.topic === topic).length;
    assert.deepEqual(
      [count(topics.patients), count(topics.orders), count(topics.observations), count(topics.messages)],
      [expected.patients ?? 0, expected.orders ?? 0, expected.observations ?? 0, 1],
    );
    if (expected.analyses !== undefined) assert.deepEqual(made.flatMap(analysisOf), expected.analyses.map(asked));
  });
}

function analysisOf(event: (typeof house.log.published)[number]) {
  if (!('features' in event.value)) return [];
  const { orderId, priority, inputProblem, features, subject } = event.value;
  const order = house.log.valuesOf(topics.orders).find((one) => one.orderId === orderId);
  const isComplete = features.length === manifest.inputs.length;
  return [{ placerNumber: order?.placerNumber, priority, problem: inputProblem, isComplete, sex: subject?.sex }];
}

const asked = (analysis: NonNullable<Expected['analyses']>[number]) => ({
  placerNumber: analysis.placerNumber,
  priority: analysis.priority,
  problem: analysis.outcome === 'failed' ? { code: analysis.code, input: analysis.input } : null,
  isComplete: analysis.outcome !== 'failed',
  sex: analysis.outcome === 'abstained' ? 'M' : 'F',
});

test('the whole day again is the same facts under the same ids', async () => {
  const before = new Set(house.log.published.map((event) => event.envelope.eventId));
  for (const { file, answers } of day) {
    const peer = peerOf(listener.port());
    peer.socket.end(frameOf(readFileSync(new URL(`samples/hl7/${file}`, root))));
    await peer.until(answers.length);
    await peer.over;
  }
  assert.deepEqual(new Set(house.log.published.map((event) => event.envelope.eventId)), before);
});

test('Korean names arrive as they were written', () => {
  const names = house.log
    .valuesOf(topics.patients)
    .map((one) => `${one.demographics?.familyName ?? ''}${one.demographics?.givenName ?? ''}`);
  for (const name of ['도담새벽', '너울가온', '똠방햏']) assert.ok(names.includes(name), name);
  const [report] = house.log.valuesOf(topics.observations).filter((one) => one.value.text !== null);
  assert.equal(report?.value.text, '세포 충실도 양호\n비정형 세포 없음');
});
