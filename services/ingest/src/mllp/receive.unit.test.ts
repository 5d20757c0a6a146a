import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topics } from '@clinstream/contracts';
import { parseTraceparent } from '@clinstream/runtime/telemetry';
import { createKeyedOrder } from './keyed-order.ts';
import { createReceiver } from './receive.ts';
import { createFakeHouse, type FakeHouse, gland, hl7, type MessageParts, pid, placed, testChannel } from './test-support.ts';

/** Sends one message; gives the answers as lists of segments. */
async function send(house: FakeHouse, message: MessageParts | Buffer, changes: Readonly<Record<string, unknown>> = {}) {
  const receive = createReceiver(testChannel(changes), house, createKeyedOrder());
  const bytes = Buffer.isBuffer(message) ? message : hl7(message);
  const { reply } = await receive({ kind: 'frame', bytes });
  if (reply.kind === 'close') return { closed: true, answers: [] as string[][], codes: [] as string[] };
  const answers = reply.messages.map((one) => one.toString('latin1').split('\r').slice(0, -1));
  return { closed: false, answers, codes: answers.map((segments) => segments[1]?.split('|')[1] ?? '') };
}

const field = (segments: readonly string[] | undefined, name: string, index: number): string =>
  segments?.find((segment) => segment.startsWith(name))?.split('|')[index] ?? '';

test('every delivery begins a trace of its own, which all its events share', async () => {
  const house = createFakeHouse();
  await send(house, { segments: [pid, ...gland] });
  const first = house.log.published.map(({ envelope }) => envelope.traceparent);
  assert.ok(first.length >= 3 && parseTraceparent(first[0]) !== null);
  assert.equal(new Set(first).size, 1);
  await send(house, { segments: [pid, ...gland] });
  assert.equal(new Set(house.log.published.map(({ envelope }) => envelope.traceparent)).size, 2);
});

test('6.1 original mode: AA only after every event and the record of the message are in the log', async () => {
  const house = createFakeHouse();
  const { answers, codes } = await send(house, { segments: [pid, ...gland] });
  assert.deepEqual(codes, ['AA']);
  assert.deepEqual(answers[0]?.slice(1), [
    'MSA|AA|C1',
    'PID|1||4711^^^HIS^PI||Kim^Invented',
    'ORC|OK|P2^OCS',
    'OBR|1|P2^OCS||AI-GLAND^Gland^L',
  ]);
  assert.equal(field(answers[0], 'MSH', 8), 'ORL^O22^ORL_O22');
  assert.deepEqual(
    house.log.published.map((event) => event.topic),
    [topics.orders, topics.requests.routine, topics.messages],
  );
  const [record] = house.log.valuesOf(topics.messages);
  assert.equal(record?.acknowledgement, 'AA');
  assert.deepEqual(house.blobs.kept.get(record?.blobRef ?? ''), hl7({ segments: [pid, ...gland] }));
});

for (const [failing, what] of [
  [1, 'the order'],
  [2, 'the analysis too'],
] as const) {
  test(`6.1 Kafka cannot confirm ${what}: AR with 207, and the repeat takes effect once`, async () => {
    const house = createFakeHouse();
    house.log.failNext(failing);
    const { codes, answers } = await send(house, { segments: [pid, ...gland] });
    assert.deepEqual(codes, ['AR']);
    assert.equal(field(answers[0], 'ERR', 3), '207^Application internal error^HL70357');
    assert.deepEqual((await send(house, { segments: [pid, ...gland] })).codes, ['AA']);
    const ids = house.log.published.map((event) => event.envelope.eventId);
    assert.equal(new Set(ids).size, 3);
  });
}

test('6.1 Kafka cannot confirm the record of the message: no positive answer either', async () => {
  const house = createFakeHouse();
  const publish = house.producer.publish;
  const producer = {
    publish: ((event: { topic: string }) => {
      if (event.topic === topics.messages) house.log.failNext(1);
      return publish(event as never);
    }) as typeof publish,
  };
  assert.deepEqual((await send({ ...house, producer }, {})).codes, ['AR']);
});

test('6.1 the raw message cannot be kept: nothing is published and nothing promised', async () => {
  const house = createFakeHouse();
  const blobs = { ...house.blobs, put: () => Promise.reject(new Error('disk full')) };
  assert.deepEqual((await send({ ...house, blobs }, {})).codes, ['AR']);
  assert.equal(house.log.published.length, 0);
});

test('6.1 by channel setting the connection is closed unanswered when Kafka cannot confirm', async () => {
  const house = createFakeHouse();
  house.log.failNext(1);
  assert.equal((await send(house, {}, { whenUnconfirmed: 'close' })).closed, true);
});

test('6.1 a record too large can never work: AE, not a call to try again', async () => {
  const house = createFakeHouse();
  house.log.failNext(1, 'RECORD_TOO_LARGE');
  const { codes, answers } = await send(house, {});
  assert.deepEqual(codes, ['AE']);
  assert.equal(field(answers[0], 'ERR', 5), 'MESSAGE_TOO_LONG');
});

const wishes: readonly (readonly [
  accept: string,
  application: string,
  good: readonly string[],
  bad: readonly string[],
  away: readonly string[] | 'closed',
])[] = [
  ['AL', '', ['CA'], ['CR'], ['CE']],
  ['AL', 'NE', ['CA'], ['CR'], ['CE']],
  ['AL', 'AL', ['CA', 'AA'], ['CR'], ['CE']],
  ['NE', 'AL', ['AA'], ['AE'], ['AR']],
  ['ER', 'NE', [], ['CR'], ['CE']],
  ['SU', 'NE', ['CA'], [], 'closed'],
  ['SU', 'ER', ['CA'], ['AE'], ['AR']],
  ['NE', 'NE', [], [], 'closed'],
  ['NE', 'SU', ['AA'], [], 'closed'],
];
for (const [accept, application, good, bad, away] of wishes) {
  test(`6.1 enhanced mode, MSH-15 ${accept || 'empty'}, MSH-16 ${application || 'empty'}`, async () => {
    const house = createFakeHouse();
    const wish = { accept, applicationAck: application };
    assert.deepEqual((await send(house, wish)).codes, good);
    assert.deepEqual((await send(house, { ...wish, segments: [pid] })).codes, bad);
    house.log.failNext(1);
    const unconfirmed = await send(house, wish);
    assert.deepEqual(unconfirmed.closed ? 'closed' : unconfirmed.codes, away);
  });
}

test('6.1 a commit answer is a plain ACK, and the two answers to one message have their own control ids', async () => {
  const { answers } = await send(createFakeHouse(), { accept: 'AL', applicationAck: 'AL' });
  assert.equal(field(answers[0], 'MSH', 8), 'ACK^O21^ACK');
  assert.equal(field(answers[1], 'MSH', 8), 'ORL^O22^ORL_O22');
  assert.notEqual(field(answers[0], 'MSH', 9), field(answers[1], 'MSH', 9));
});

const refused: readonly (readonly [
  what: string,
  message: MessageParts | Buffer,
  code: string,
  condition: string,
  ours: string,
])[] = [
  ['an unsupported type', { type: 'MDM^T02^MDM_T02' }, 'AR', '200', 'MESSAGE_TYPE_UNSUPPORTED'],
  ['an unsupported event', { type: 'ADT^A47^ADT_A30' }, 'AR', '201', 'EVENT_UNSUPPORTED'],
  ['an unmerge', { type: 'ADT^A37^ADT_A37' }, 'AR', '201', 'EVENT_UNSUPPORTED'],
  ['6.16 a test message', { processingId: 'T' }, 'AR', '202', 'PROCESSING_ID_UNSUPPORTED'],
  ['6.16 a debugging message', { processingId: 'D' }, 'AR', '202', 'PROCESSING_ID_UNSUPPORTED'],
  ['a version before 2.3', { version: '2.2' }, 'AR', '203', 'VERSION_UNSUPPORTED'],
  ['6.16 a sender not on the list', { application: 'INTRUDER' }, 'AE', '103', 'SENDER_NOT_ALLOWED'],
  ['no control id', { controlId: '' }, 'AE', '101', 'HEADER_FIELD_MISSING'],
  ['no message time', { time: '' }, 'AE', '101', 'HEADER_FIELD_MISSING'],
  ['a message time of a day', { time: '20261122' }, 'AE', '102', 'MESSAGE_TIME_TOO_COARSE'],
  ['an impossible message time', { time: '20261322100000' }, 'AE', '102', 'MESSAGE_TIME_UNREADABLE'],
  ['6.13 a character set we do not know', { charset: 'BIG-5' }, 'AE', '103', 'CHARACTER_SET_UNSUPPORTED'],
  [
    '6.13 bytes that are not of their character set',
    Buffer.concat([hl7(), Buffer.from([0xc7, 0x0d])]),
    'AE',
    '102',
    'CHARACTERS_UNDECODABLE',
  ],
  ['no patient', { segments: placed }, 'AE', '100', 'PATIENT_SEGMENT_MISSING'],
  ['6.3 no patient id', { segments: ['PID|1||', ...placed] }, 'AE', '101', 'PATIENT_ID_MISSING'],
  [
    '6.3 ids of other kinds only',
    { segments: ['PID|1||4711^^^OTHER^PI~4711^^^HIS^VN', ...placed] },
    'AE',
    '204',
    'PATIENT_ID_UNKNOWN_KIND',
  ],
  [
    '6.3 two ids of our kind',
    { segments: ['PID|1||4711^^^HIS^PI~4712^^^HIS^PI', ...placed] },
    'AE',
    '204',
    'PATIENT_ID_AMBIGUOUS',
  ],
  [
    '6.3 a resident registration number as patient id',
    { segments: ['PID|1||700102-2345678^^^HIS^PI', ...placed] },
    'AE',
    '204',
    'NATIONAL_ID_REFUSED',
  ],
  ['no order', { segments: [pid] }, 'AE', '100', 'ORDER_SEGMENT_MISSING'],
  [
    'an order control we do not know',
    { segments: [pid, 'ORC|ZZ|P1', 'OBR|1|P1||GLU^^L'] },
    'AE',
    '103',
    'ORDER_CONTROL_UNSUPPORTED',
  ],
  ['no placer number', { segments: [pid, 'ORC|NW', 'OBR|1|||GLU^^L'] }, 'AE', '101', 'PLACER_NUMBER_MISSING'],
  ['two placer numbers', { segments: [pid, 'ORC|NW|P1', 'OBR|1|P2||GLU^^L'] }, 'AE', '204', 'ORDER_NUMBERS_DISAGREE'],
  ['two patients in an order', { segments: [pid, ...placed, 'PID|1||4712^^^HIS^PI'] }, 'AE', '204', 'MORE_THAN_ONE_PATIENT'],
  ['no message at all', Buffer.from('hello'), 'AE', '100', 'NO_MESSAGE_HEADER'],
  ['two messages in one frame', Buffer.concat([hl7(), hl7()]), 'AE', '100', 'MORE_THAN_ONE_MESSAGE'],
];
for (const [what, message, code, condition, ours] of refused) {
  test(`6.1 refused: ${what}`, async () => {
    const house = createFakeHouse();
    const { answers, codes } = await send(house, message);
    assert.deepEqual(codes, [code]);
    assert.equal(field(answers[0], 'ERR', 3).split('^')[0], condition);
    assert.equal(field(answers[0], 'ERR', 5), ours);
    const others = house.log.published.filter((event) => event.topic !== topics.messages);
    assert.deepEqual(others, []);
  });
}

test('a negative answer is recorded with its code, so that people can find the message', async () => {
  const house = createFakeHouse();
  await send(house, { version: '2.2', controlId: 'LOST-1' });
  const [record] = house.log.valuesOf(topics.messages);
  assert.deepEqual([record?.controlId, record?.acknowledgement, record?.errorCode], ['LOST-1', 'AR', 'VERSION_UNSUPPORTED']);
});

test('6.1 before 2.5 there is no ERR-3: ERR-1 and MSA-6 say it', async () => {
  const parts = { type: 'ORM^O01', segments: ['PID|1||', ...placed] };
  const old = await send(createFakeHouse(), { ...parts, version: '2.3' });
  assert.deepEqual(old.answers[0]?.slice(1), [
    'MSA|AE|C1|PATIENT_ID_MISSING|||101^Required field missing^HL70357',
    'ERR|PID^1^3^101&Required field missing&HL70357',
  ]);
  assert.equal(field(old.answers[0], 'MSH', 8), 'ORR^O02');
  assert.equal(field(old.answers[0], 'MSH', 11), '2.3');
  const new_ = await send(createFakeHouse(), { ...parts, version: '2.5' });
  assert.deepEqual(new_.answers[0]?.slice(1), [
    'MSA|AE|C1',
    'ERR||PID^1^3|101^Required field missing^HL70357|E|PATIENT_ID_MISSING',
  ]);
});

test('6.1 versions after 2.5.1 are read tolerantly', async () => {
  for (const version of ['2.6', '2.7.1', '2.8.2', '2.9'])
    assert.deepEqual((await send(createFakeHouse(), { version })).codes, ['AA']);
});

test('an order message may be answered by a plain ACK', async () => {
  const { answers } = await send(createFakeHouse(), {}, { orderAnswers: 'ack' });
  assert.equal(field(answers[0], 'MSH', 8), 'ACK^O21^ACK');
});

test('6.16 a trial channel checks, keeps and answers test messages, and nothing of them takes effect', async () => {
  const house = createFakeHouse();
  const { codes } = await send(house, { processingId: 'T' }, { processingIds: ['P', 'T'] });
  assert.deepEqual(codes, ['AA']);
  assert.deepEqual(
    house.log.published.map((event) => event.topic),
    [topics.messages],
  );
});

test('an acknowledgement is never acknowledged', async () => {
  const house = createFakeHouse();
  assert.deepEqual((await send(house, { type: 'ACK^O22^ACK', segments: ['MSA|AA|1'] })).answers, []);
  assert.equal(house.log.published.length, 0);
});

test('a repeat, even with a new message time, gets the same answer and the same event ids', async () => {
  const house = createFakeHouse();
  const first = await send(house, {});
  const again = await send(house, { time: '20261122131500.000' });
  assert.deepEqual(again.answers[0]?.slice(1), first.answers[0]?.slice(1));
  const ids = house.log.published.map((event) => event.envelope.eventId);
  assert.deepEqual(ids.slice(2), ids.slice(0, 2));
});

test('the same control id on other content is a new message', async () => {
  const house = createFakeHouse();
  await send(house, {});
  await send(house, { segments: [pid, 'ORC|NW|P9', 'OBR|1|P9||NA^Sodium^L'] });
  assert.equal(new Set(house.log.valuesOf(topics.messages).map((one) => one.messageId)).size, 2);
});

const conflictingFirst = {
  reserveMany: async (all: readonly unknown[]) => all.map((_, i) => ({ outcome: i === 0 ? 'conflict' : 'new' }) as const),
};
const two = [pid, ...placed, 'ORC|NW|P7^OCS', 'OBR|2|P7^OCS||NA^Sodium^L'];

test('6.7 a known placer number with other content: UA and 205 for that order, OK for the others', async () => {
  const house = { ...createFakeHouse(), reservations: conflictingFirst };
  const { answers, codes } = await send(house, { segments: two });
  assert.deepEqual(codes, ['AE']);
  assert.deepEqual(answers[0]?.slice(2), [
    'ERR||ORC^1^2|205^Duplicate key identifier^HL70357|E|ORDER_NUMBER_TAKEN',
    'PID|1||4711^^^HIS^PI||Kim^Invented',
    'ORC|UA|P1^OCS',
    'OBR|1|P1^OCS||GLU^Glucose^L',
    'ORC|OK|P7^OCS',
    'OBR|2|P7^OCS||NA^Sodium^L',
  ]);
  assert.deepEqual(
    house.log.valuesOf(topics.orders).map((one) => one.placerNumber),
    ['P7'],
  );
});

test('6.7 in enhanced mode UA comes in the application answer, or as CR for who wants none', async () => {
  const house = { ...createFakeHouse(), reservations: conflictingFirst };
  assert.deepEqual((await send(house, { segments: two, accept: 'AL', applicationAck: 'AL' })).codes, ['CA', 'AE']);
  assert.deepEqual((await send(house, { segments: two, accept: 'AL', applicationAck: 'NE' })).codes, ['CR']);
});

test('6.7 while the store of placer numbers is away orders are taken and the reducer judges', async () => {
  const house = { ...createFakeHouse(), reservations: { reserveMany: () => Promise.reject(new Error('away')) } };
  assert.deepEqual((await send(house, { segments: two })).codes, ['AA']);
  assert.equal(house.log.valuesOf(topics.orders).length, 2);
});

test('6.13 the answer repeats the sender\u2019s own bytes, also those of a wide character set', async () => {
  const hangul = Buffer.from([0xc8, 0xab, 0xb1, 0xe6]);
  const bytes = Buffer.from(
    hl7({ charset: 'KS X 1001', controlId: '@@' }).toString('latin1').replace('@@', hangul.toString('latin1')),
    'latin1',
  );
  const house = createFakeHouse();
  const { answers } = await send(house, bytes);
  assert.equal(Buffer.from(field(answers[0], 'MSA', 2), 'latin1').equals(hangul), true);
  assert.equal(field(answers[0], 'MSH', 17), 'KS X 1001');
  assert.equal(house.log.valuesOf(topics.messages)[0]?.controlId, '홍길');
});

test('no answer carries a value of the message beyond the fields it must repeat', async () => {
  const canary = 'CANARY';
  const segments = [`PID|1||${canary}^^^HIS^XX||${canary}`, `ORC|ZZ|P1`, `OBR|1|P1||${canary}`];
  const { answers } = await send(createFakeHouse(), { segments });
  assert.equal(JSON.stringify(answers).includes(canary), false);
});
