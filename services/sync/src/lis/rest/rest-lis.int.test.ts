import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, test } from 'node:test';
import { deterministicId, type OrderEvent, type OrderState, type PatientState, reduceOrder } from '@clinstream/contracts';
import { createSecret } from '@clinstream/runtime/config';
import { AppError } from '@clinstream/runtime/errors';
import type { OutgoingEvent } from '@clinstream/runtime/producer';
import { createTelemetry, type Telemetry } from '@clinstream/runtime/telemetry';
import type { Delivered, DeliveryContext, Intent, Target, Verdict, Work } from '../../delivery/target.ts';
import { createRestLisTarget } from './target.ts';
import { type FakeLis, type Misbehaviour, type Seen, startFakeLis } from './testing/fake-lis.ts';

const canary = 'Canaryson';
const lines: string[] = [];
const telemetry: Telemetry = createTelemetry({
  name: 'test',
  level: 'debug',
  destination: { write: (line: string) => void lines.push(line) },
});

let lis: FakeLis;
let target: Target;
const started: { stop(): Promise<void> }[] = [];

beforeEach(async () => {
  lis = await startFakeLis();
  target = createRestLisTarget(
    { url: lis.url, token: createSecret('t'), timeoutMs: 1_000, connections: 2, descriptionPath: '/api/schema/' },
    { telemetry },
  );
  started.push(lis, { stop: () => target.stop(AbortSignal.timeout(1_000)) });
});
afterEach(async () => {
  for (const one of started.splice(0).reverse()) await one.stop();
});
after(() => {
  assert.equal(
    lines.some((line) => line.includes(canary)),
    false,
    'a patient name in the log',
  );
});

const event = (type: OrderEvent['type'], sourceVersion: number, change: Partial<OrderEvent> = {}): OrderEvent => ({
  ...{ type, orderId: 'order-1', patientKey: 'H|A|1', placerNumber: 'P1', placerAuthority: 'H|OCS', fillerNumber: null },
  ...{ kind: 'laboratory', priority: 'asap', code: { code: 'CBC', system: 'L', display: null }, note: 'fasting' },
  ...{ contentDigest: `d-${sourceVersion}`, sourceVersion, requestedBy: 'ocs', requestedAt: sourceVersion, analysisJobId: null },
  ...{ messageId: null, specimen: null, orderingProvider: null, parentOrderId: null, specimenRejectReasons: [] },
  ...change,
});
function orderOf(...events: readonly OrderEvent[]): OrderState {
  const state = events.reduce<OrderState | null>(reduceOrder, null);
  assert.ok(state);
  return state;
}
const placed = event('OrderPlaced', 1_000);
const wish = event('OrderCancelRequested', 2_000);

const patient: PatientState = {
  patientKey: 'H|A|1',
  demographics: { familyName: canary, givenName: 'Kim', birthDate: '1970-01-02', sex: 'F' },
  demographicsVersion: 1,
  mergedInto: null,
  mergedVersion: -1,
  version: 1,
};

const workOf = (state: OrderState, change: Partial<Work> = {}): Work => ({
  subject: { kind: 'order', state },
  id: state.orderId,
  patientKey: state.patientKey,
  related: { patient: { ...patient, patientKey: state.patientKey }, order: null, observations: [] },
  delivered: null,
  intent: null,
  force: false,
  changedAt: 1,
  attempts: 0,
  ...change,
});

const published: OutgoingEvent[] = [];
const intended: string[] = [];
const context: DeliveryContext = {
  signal: new AbortController().signal,
  intend: async (work) => void intended.push(`${work.id} after ${lis.posts('/api/').length} posts`),
  publish: async (one) => void published.push(one as OutgoingEvent),
};

async function deliver(work: Work): Promise<Verdict> {
  const [verdict] = await target.deliver([work], context);
  assert.ok(verdict);
  return verdict;
}
function ledgerOf(verdict: Verdict): Delivered {
  assert.equal(verdict.outcome, 'delivered');
  return { ...(verdict as Extract<Verdict, { outcome: 'delivered' }>), code: null, at: 1 };
}
const codeOf = (verdict: Verdict): string => ('code' in verdict ? `${verdict.outcome} ${verdict.code}` : verdict.outcome);

/** Misbehaves `times` times on requests that fit. */
function wrong(method: string, path: string, misbehaviour: Misbehaviour, times = 1): void {
  let left = times;
  lis.misbehave = (seen: Seen) =>
    seen.method === method && seen.path.startsWith(path) && !seen.path.includes('contract') && left-- > 0 ? misbehaviour : null;
}

test('an unknown patient is registered, then the order placed; told again, nothing leaves', async () => {
  published.length = intended.length = 0;
  const first = await deliver(workOf(orderOf(placed)));
  assert.deepEqual(intended, ['order-1 after 0 posts']);
  assert.equal(ledgerOf(first).remoteId, '2');
  const { id: _, ...registered } = lis.patients[0] ?? { id: 0 };
  assert.deepEqual(registered, { patient_id: 'H|A|1', name: `${canary} Kim`, birth_date: '1970-01-02', gender: 'F' });
  const { id: __, ...order } = lis.orders[0] ?? { id: 0 };
  assert.deepEqual(order, {
    ...{ patient: '1', test_id: 'H|OCS|P1', test_type: 'CBC', specimen_type: 'UNKNOWN', ordering_physician: 'ocs' },
    ...{ order_date: '1970-01-01T00:00:01.000Z', priority: 'stat', notes: 'priority: asap\nfasting' },
  });
  const before = lis.seen.length;
  const second = await deliver(workOf(orderOf(placed), { delivered: ledgerOf(first) }));
  assert.deepEqual([second.outcome, 'sent' in second && second.sent, lis.seen.length], ['delivered', false, before]);
});

for (const [what, path, misbehaviour] of [
  ['the reply to the registration is lost', '/api/patients/', { kind: 'cut', effect: true }],
  ['the reply to the order is lost', '/api/lab-tests/', { kind: 'cut', effect: true }],
  ['the order is answered 500 after it was taken', '/api/lab-tests/', { kind: 'answer', status: 500, effect: true }],
  ['the order gets no answer at all, but is taken', '/api/lab-tests/', { kind: 'silence', effect: true }],
  [
    'the order is taken and answered with a web page',
    '/api/lab-tests/',
    { kind: 'answer', status: 200, body: '<html>', effect: true },
  ],
  [
    'the order is taken and answered with the key of another',
    '/api/lab-tests/',
    { kind: 'answer', status: 201, body: '{"id":9,"test_id":"H|OCS|P9"}', effect: true },
  ],
  ['the order is lost on the way', '/api/lab-tests/', { kind: 'cut' }],
] as const) {
  test(`6.8 ${what}: looked up before it is sent again, one patient and one order`, async () => {
    wrong('POST', path, misbehaviour, 3);
    let work = workOf(orderOf(placed));
    let verdict = await deliver(work);
    for (; verdict.outcome === 'retry' && work.attempts < 5; verdict = await deliver(work)) {
      work = { ...work, attempts: work.attempts + 1, intent: { digest: 'd', memo: null, at: 1 } };
    }
    assert.equal(verdict.outcome, 'delivered');
    assert.equal(lis.patients.length, 1);
    assert.equal(lis.orders.length, 1);
    assert.equal(ledgerOf(verdict).remoteId, String(lis.orders[0]?.id));
  });
}

for (const [what, misbehaviour] of [
  ['500', { kind: 'answer', status: 500 }],
  ['silence', { kind: 'silence' }],
  ['a cut connection', { kind: 'cut' }],
  ['200 and no JSON', { kind: 'answer', status: 200, body: '<html>login</html>' }],
  [
    '404 of a web server',
    { kind: 'answer', status: 404, body: '<html>not here</html>', headers: { 'content-type': 'text/html' } },
  ],
  ['another patient', { kind: 'answer', status: 200, body: '[{"id":1,"patient_id":"H|A|2"}]' }],
  ['a page of many', { kind: 'answer', status: 200, body: '{"results":[],"next":"http://x/?page=2"}' }],
  ['204', { kind: 'answer', status: 204 }],
  ['a redirect', { kind: 'answer', status: 302, headers: { location: '/api/patients/' } }],
  ['null', { kind: 'answer', status: 200, body: 'null' }],
] as const) {
  test(`a patient look-up that fails (${what}) is not "not found"`, async () => {
    wrong('GET', '/api/patients/', misbehaviour, 1);
    const verdict = await deliver(workOf(orderOf(placed)));
    assert.equal(verdict.outcome, 'retry');
    assert.equal(lis.posts('/api/').length, 0);
  });
}

test('a well-formed empty answer and a 404 of the laboratory itself are "not found"', async () => {
  for (const body of ['[]', '{"results":[]}', null]) {
    wrong(
      'GET',
      '/api/patients/',
      body === null ? { kind: 'answer', status: 404, body: '{"detail":"no"}' } : { kind: 'answer', status: 200, body },
    );
    assert.equal(
      (await deliver(workOf(orderOf({ ...placed, placerNumber: `P-${body}`, orderId: `o-${body}` })))).outcome,
      'delivered',
    );
    lis.patients.length = 0;
  }
});

test('a patient who is there twice, or who cannot be described, is never registered', async () => {
  lis.patients.push({ id: 1, patient_id: 'H|A|1' }, { id: 2, patient_id: 'H|A|1' });
  assert.equal(codeOf(await deliver(workOf(orderOf(placed)))), 'needs_review LIS_PATIENT_AMBIGUOUS');
  lis.patients.length = 0;
  const related = {
    patient: { ...patient, demographics: { familyName: canary, givenName: null, birthDate: '1970', sex: 'F' } },
    order: null,
    observations: [],
  };
  assert.equal(codeOf(await deliver(workOf(orderOf(placed), { related }))), 'held LIS_PATIENT_INCOMPLETE');
  assert.equal(lis.posts('/api/').length, 0);
});

for (const [status, headers, code, waitMs] of [
  [429, { 'retry-after': '7' }, 'LIS_BUSY', 7_000],
  [503, { 'retry-after': '2' }, 'LIS_BUSY', 2_000],
  [503, {}, 'LIS_UNAVAILABLE', null],
  [502, {}, 'LIS_UNAVAILABLE', null],
  [401, {}, 'LIS_UNAUTHORIZED', null],
] as const) {
  test(`${status}${waitMs === null ? '' : ' with Retry-After'} is about the laboratory: everything waits (${code})`, async () => {
    wrong('POST', '/api/lab-tests/', { kind: 'answer', status, headers: { ...headers } });
    await assert.rejects(deliver(workOf(orderOf(placed))), (error: unknown) => {
      assert.ok(error instanceof AppError);
      assert.deepEqual([error.code, error.kind, error.scope, error.retryAfterMs], [code, 'retryable', 'dependency', waitMs]);
      return true;
    });
    assert.equal((await deliver(workOf(orderOf(placed)))).outcome, 'delivered');
  });
}

test('a laboratory that is away is waited for, and found again by the probe', async () => {
  const away = createRestLisTarget(
    { url: 'http://127.0.0.1:1', token: null, timeoutMs: 300, connections: 1, descriptionPath: '/api/schema/' },
    { telemetry },
  );
  await assert.rejects(away.deliver([workOf(orderOf(placed))], context), { code: 'LIS_UNAVAILABLE' });
  await assert.rejects(away.probe(context.signal), { code: 'LIS_UNAVAILABLE' });
  await away.stop(AbortSignal.timeout(1_000));
  assert.equal(target.readiness().ready, false);
  await target.probe(context.signal);
  assert.deepEqual(target.readiness(), { ready: true });
});

test('a laboratory that answers nobody opens the breaker instead of using up an order its tries', async () => {
  await target.probe(context.signal);
  lis.misbehave = () => ({ kind: 'silence' });
  await assert.rejects(deliver(workOf(orderOf(placed))), { code: 'LIS_UNAVAILABLE' });
});

test('the laboratory goes away after the first of several orders: its verdict is kept, the others are tried again', async () => {
  const orders = ['1', '2'].map((n) => orderOf({ ...placed, orderId: `order-${n}`, placerNumber: `P${n}` }));
  lis.misbehave = ({ body }) =>
    body?.['test_id'] === 'H|OCS|P2' ? { kind: 'answer', status: 503, headers: { 'retry-after': '3' } } : null;
  const verdicts = await target.deliver(
    orders.map((order) => workOf(order)),
    context,
  );
  assert.deepEqual(verdicts.map(codeOf), ['delivered', 'retry LIS_BUSY']);
  assert.equal((verdicts[1] as { afterMs?: number }).afterMs, 3_000);
});

test('refused content is kept for a person, with what the laboratory said', async () => {
  wrong('POST', '/api/lab-tests/', { kind: 'answer', status: 422, body: '{"test_type":["unknown"]}' });
  const verdict = await deliver(workOf(orderOf(placed)));
  assert.deepEqual(verdict, {
    outcome: 'rejected',
    code: 'LIS_REFUSED',
    acknowledgement: '422',
    detail: '{"test_type":["unknown"]}',
  });
});

test('6.7 another order under our number is left alone', async () => {
  lis.patients.push({ id: 1, patient_id: 'H|A|1' }, { id: 2, patient_id: 'H|A|2' });
  for (const other of [
    { test_type: 'GLU', patient: 1 },
    { test_type: 'CBC', patient: 2 },
  ]) {
    lis.orders.splice(0, 9, { id: 7, test_id: 'H|OCS|P1', ...other });
    assert.equal(codeOf(await deliver(workOf(orderOf(placed)))), 'needs_review LIS_ORDER_NUMBER_TAKEN');
  }
  lis.orders.splice(0, 9, { id: 7, test_id: 'H|OCS|P1' }, { id: 8, test_id: 'H|OCS|P1' });
  assert.equal(codeOf(await deliver(workOf(orderOf(placed)))), 'needs_review LIS_ORDER_AMBIGUOUS');
  assert.equal(lis.posts('/api/').length, 0);
});

test('6.9 a priority nobody understood is never sent as routine', async () => {
  assert.equal(codeOf(await deliver(workOf(orderOf({ ...placed, priority: 'unknown' })))), 'needs_review LIS_PRIORITY_UNKNOWN');
  for (const [priority, sent] of [
    ['routine', 'routine'],
    ['urgent', 'urgent'],
    ['asap', 'stat'],
    ['stat', 'stat'],
  ] as const) {
    const order = orderOf({ ...placed, priority, orderId: priority, placerNumber: priority });
    assert.equal((await deliver(workOf(order))).outcome, 'delivered');
    const there = lis.orders.at(-1);
    assert.deepEqual([there?.['priority'], String(there?.['notes']).includes('asap')], [sent, priority === 'asap']);
  }
});

test('6.4 no order of ours registers a patient who was merged away', async () => {
  const related = { patient: { ...patient, mergedInto: 'H|A|9' }, order: null, observations: [] };
  assert.equal(codeOf(await deliver(workOf(orderOf(placed), { related }))), 'needs_review LIS_PATIENT_MERGED');
  assert.equal(lis.seen.filter(({ method }) => method === 'POST').length, 0);
});

/** What a laboratory that takes all we may send says of itself. */
const describeAll = (): void => {
  const query = (name: string) => [{ in: 'query', name }];
  const takes = (...names: readonly string[]) => ({
    content: { 'application/json': { schema: { properties: Object.fromEntries(names.map((name) => [name, {}])) } } },
  });
  const changed = ['test_type', 'specimen_type', 'ordering_physician', 'priority', 'notes'];
  lis.description = {
    paths: {
      '/api/patients/': {
        get: { parameters: query('patient_id') },
        post: { requestBody: takes('patient_id', 'name', 'birth_date', 'gender') },
      },
      '/api/lab-tests/': {
        get: { parameters: query('test_id') },
        post: { requestBody: takes('patient', 'test_id', 'order_date', ...changed) },
      },
      '/api/lab-tests/{id}/': { patch: { requestBody: takes(...changed) } },
      '/api/lab-tests/{id}/cancel/': { post: {} },
    },
  };
};
const amendment = event('OrderAmended', 2_000, { note: 'amended', priority: 'stat' });
const amendments = () => lis.seen.filter(({ method }) => method === 'PATCH');

test('6.6 an amendment is sent where the laboratory says that it takes some; told again, nothing leaves', async () => {
  describeAll();
  const delivered = ledgerOf(await deliver(workOf(orderOf(placed))));
  const state = orderOf(placed, amendment);
  const amended = ledgerOf(await deliver(workOf(state, { delivered })));
  assert.deepEqual([lis.orders.length, lis.orders[0]?.['notes'], lis.orders[0]?.['test_id']], [1, 'amended', 'H|OCS|P1']);
  assert.deepEqual([amended.remoteId, amended.acknowledgement, amendments().length], [delivered.remoteId, '200', 1]);
  const again = await deliver(workOf(state, { delivered: amended }));
  assert.deepEqual(['sent' in again && again.sent, amendments().length], [false, 1]);
});

test('6.6 the laboratory refuses an amendment, or does not know the order any more: a person looks', async () => {
  describeAll();
  const delivered = ledgerOf(await deliver(workOf(orderOf(placed))));
  const work = workOf(orderOf(placed, amendment), { delivered });
  lis.amendStatus = 409;
  assert.equal(codeOf(await deliver(work)), 'rejected LIS_REFUSED');
  lis.orders.length = 0;
  assert.equal(codeOf(await deliver(work)), 'needs_review LIS_ORDER_UNKNOWN');
});

test('6.8 the reply to an amendment is lost: sent again under the same key, and a later one under another', async () => {
  describeAll();
  const delivered = ledgerOf(await deliver(workOf(orderOf(placed))));
  lis.misbehave = ({ method }) => (method === 'PATCH' && amendments().length === 1 ? { kind: 'cut', effect: true } : null);
  const work = workOf(orderOf(placed, amendment), { delivered });
  assert.equal((await deliver(work)).outcome, 'retry');
  const amended = ledgerOf(await deliver({ ...work, attempts: 1 }));
  const back = event('OrderAmended', 3_000, { note: placed.note, priority: placed.priority });
  await deliver(workOf(orderOf(placed, amendment, back), { delivered: amended }));
  const [first, second, third] = amendments().map(({ key }) => key);
  assert.deepEqual([first === second, second === third, lis.orders[0]?.['notes']], [true, false, 'priority: asap\nfasting']);
});

test('6.8 the reply to an amendment is lost, and the order is amended back meanwhile: it is sent', async () => {
  describeAll();
  const delivered = ledgerOf(await deliver(workOf(orderOf(placed))));
  wrong('PATCH', '/api/lab-tests/', { kind: 'cut', effect: true });
  const meant: Intent[] = [];
  const intend: DeliveryContext['intend'] = async (_, intent) => void meant.push({ ...intent, at: 1 });
  const [lost] = await target.deliver([workOf(orderOf(placed, amendment), { delivered })], { ...context, intend });
  assert.deepEqual([lost?.outcome, lis.orders[0]?.['notes']], ['retry', 'amended']);
  const back = event('OrderAmended', 3_000, { note: placed.note, priority: placed.priority });
  await deliver(workOf(orderOf(placed, amendment, back), { delivered, intent: meant.at(-1) ?? null }));
  assert.equal(lis.orders[0]?.['notes'], 'priority: asap\nfasting');
});

for (const takesAmendments of [true, false]) {
  test(`6.6 an order amended while nobody knew whether it arrived: ${takesAmendments ? 'amended there' : 'a person looks'}`, async () => {
    if (takesAmendments) describeAll();
    wrong('POST', '/api/lab-tests/', { kind: 'cut', effect: true });
    const meant: Intent[] = [];
    const intend: DeliveryContext['intend'] = async (_, intent) => void meant.push({ ...intent, at: 1 });
    const [first] = await target.deliver([workOf(orderOf(placed))], { ...context, intend });
    assert.equal(first?.outcome, 'retry');
    const verdict = await deliver(workOf(orderOf(placed, amendment), { intent: meant.at(-1) ?? null }));
    assert.equal(codeOf(verdict), takesAmendments ? 'delivered' : 'needs_review LIS_AMENDMENT_UNSUPPORTED');
    assert.deepEqual([lis.orders.length, lis.orders[0]?.['notes']], [1, takesAmendments ? 'amended' : 'priority: asap\nfasting']);
    const told = workOf(orderOf(placed, amendment), { intent: meant.at(-1) ?? null, force: true });
    assert.equal(codeOf(await deliver(told)), 'delivered', 'a person has told the laboratory');
  });
}

test('an amendment this laboratory cannot take goes to a person', async () => {
  const delivered = ledgerOf(await deliver(workOf(orderOf(placed))));
  const amended = orderOf(placed, event('OrderAmended', 2_000, { code: { code: 'NA', system: 'L', display: null } }));
  assert.equal(codeOf(await deliver(workOf(amended, { delivered }))), 'needs_review LIS_AMENDMENT_UNSUPPORTED');
  assert.equal(lis.orders.length, 1);
});

for (const [answer, type] of [
  ['cancelled', 'OrderCancelled'],
  ['unable', 'OrderCancelRefused'],
] as const) {
  test(`6.6 a cancellation is asked for, and ${type} only once the laboratory says so; asked again only for a new wish`, async () => {
    published.length = 0;
    lis.cancelAnswer = answer;
    const delivered = ledgerOf(await deliver(workOf(orderOf(placed))));
    const state = orderOf(placed, wish);
    const asked = await deliver(workOf(state, { delivered }));
    assert.deepEqual(
      published.map(({ value, envelope }) => [(value as OrderEvent).type, (value as OrderEvent).sourceVersion, envelope.eventId]),
      [[type, 2_000, deterministicId('event', 'sync-lis', type, 'order-1', '2000')]],
    );
    const again = await deliver(workOf(state, { delivered: ledgerOf(asked) }));
    assert.deepEqual([again.outcome, 'sent' in again && again.sent], ['delivered', false]);
    assert.equal(lis.seen.filter((one) => one.path.endsWith('/cancel/')).length, 1);
  });
}

for (const isConfirmed of [true, false]) {
  test(`6.6 an order amended and then not cancelled is amended after all, ${isConfirmed ? 'as placed' : 'as found there'}`, async () => {
    describeAll();
    lis.cancelAnswer = 'unable';
    const meant: Intent[] = [];
    const intend: DeliveryContext['intend'] = async (_, intent) => void meant.push({ ...intent, at: 1 });
    if (!isConfirmed) wrong('POST', '/api/lab-tests/', { kind: 'cut', effect: true });
    const [first] = await target.deliver([workOf(orderOf(placed))], { ...context, intend });
    assert.ok(first);
    const before = isConfirmed ? { delivered: ledgerOf(first) } : { intent: meant.at(-1) ?? null };
    const wishLater = event('OrderCancelRequested', 3_000);
    const asked = await deliver(workOf(orderOf(placed, amendment, wishLater), before));
    const refusal = event('OrderCancelRefused', 3_000);
    const work = workOf(orderOf(placed, amendment, wishLater, refusal), { delivered: ledgerOf(asked) });
    assert.equal((await deliver(work)).outcome, 'delivered');
    assert.deepEqual([lis.orders.length, lis.orders[0]?.['notes']], [1, 'amended']);
  });
}

test('6.8 the reply to a cancellation is lost: asked again under the same key, one event', async () => {
  published.length = 0;
  const delivered = ledgerOf(await deliver(workOf(orderOf(placed))));
  lis.misbehave = ({ path }) =>
    path.endsWith('/cancel/') && lis.seen.filter((one) => one.path.endsWith('/cancel/')).length === 1
      ? { kind: 'cut', effect: true }
      : null;
  assert.equal((await deliver(workOf(orderOf(placed, wish), { delivered }))).outcome, 'retry');
  assert.equal((await deliver(workOf(orderOf(placed, wish), { delivered, attempts: 1 }))).outcome, 'delivered');
  const keys = lis.seen.filter((one) => one.path.endsWith('/cancel/')).map((one) => one.key);
  assert.deepEqual([keys.length, new Set(keys).size, published.length], [2, 1, 1]);
});

test('an order cancelled before it was ever sent is not sent, and cancelled by us', async () => {
  published.length = 0;
  assert.equal(codeOf(await deliver(workOf(orderOf(placed, wish)))), 'held LIS_ORDER_CANCELLED');
  assert.deepEqual(
    published.map(({ value }) => [(value as OrderEvent).type, (value as OrderEvent).requestedBy]),
    [['OrderCancelled', 'sync']],
  );
  for (const type of ['OrderCancelled', 'OrderCompleted'] as const)
    assert.equal(codeOf(await deliver(workOf(orderOf(placed, event(type, 3_000))))), 'held LIS_ORDER_ENDED');
  assert.equal(lis.posts('/api/').length, 0);
});

test('an order cancelled while nobody knows whether it arrived goes to a person when it is not there', async () => {
  published.length = 0;
  const intent = { digest: 'd', memo: null, at: 1 };
  assert.equal(codeOf(await deliver(workOf(orderOf(placed, wish), { intent }))), 'needs_review LIS_ORDER_UNKNOWN');
  assert.equal(published.length, 0);
});

test('a laboratory that lacks something is told of line by line and sent nothing', async () => {
  lines.length = 0;
  lis.description = { openapi: '3.0.3', paths: { '/api/patients/': { get: { parameters: [] } } } };
  await assert.rejects(deliver(workOf(orderOf(placed))), { code: 'LIS_CONTRACT_MISMATCH' });
  await assert.rejects(target.probe(context.signal), { code: 'LIS_CONTRACT_MISMATCH' });
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { why?: string }).why),
    [
      'GET /api/patients/ has no query parameter patient_id',
      'POST /api/patients/ is not served',
      'GET /api/lab-tests/ is not served',
      'POST /api/lab-tests/ is not served',
      'POST /api/lab-tests/{id}/cancel/ is not served',
    ],
  );
  assert.deepEqual(target.readiness(), { ready: false, why: 'LIS_CONTRACT_MISMATCH' });
  lis.description = null;
  assert.equal((await deliver(workOf(orderOf(placed)))).outcome, 'delivered');
});

/** mulberry32: the same seed, the same hostilities. */
function randomOf(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test('50 hostile answers: none crashes, registers twice, orders twice, holds another patient, or reaches the log', async () => {
  const random = randomOf(5);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const bodies = [
    ...[
      '',
      'null',
      '[]',
      '{}',
      '[[]]',
      '[null]',
      '{"id":null}',
      '{"id":{}}',
      '{"id":-1}',
      '{"id":"","test_id":"x"}',
      '\u0000',
      '{"results":{}}',
    ],
    ...[
      `{"detail":"${canary}"}`,
      `<p>${canary}</p>`,
      '[{"id":1}]',
      `[${'['.repeat(5_000)}`,
      `"${'x'.repeat(2_000_000)}"`,
      '{"__proto__":{"id":1}}',
    ],
    ...[
      '{"id":1,"test_id":"H|OCS|P1","patient":99}',
      '{"status":"cancelled"}',
      '{"id":1e400}',
      '{"id":1,"id":2}',
      '[{"id":1,"patient_id":"H|A|1"}',
    ],
  ];
  for (let i = 0; i < 50; i++) {
    const hostile: Misbehaviour = pick<Misbehaviour>([
      { kind: 'answer', status: pick([200, 201, 204, 301, 400, 404, 409, 418, 422, 500, 501, 599]), body: pick(bodies) },
      { kind: 'answer', status: 200, body: pick(bodies), effect: true },
      {
        kind: 'answer',
        status: 200,
        body: pick(bodies),
        headers: { 'content-type': 'text/html', 'content-encoding': 'identity' },
      },
      { kind: 'cut' },
      { kind: 'cut', effect: true },
    ]);
    lis.patients.length = lis.orders.length = lis.seen.length = 0;
    const [victim, other] = ['H|A|1', 'H|A|2'].map((patientKey, n) =>
      workOf(orderOf({ ...placed, orderId: `order-${i}-${n}`, placerNumber: `P${i}-${n}`, patientKey })),
    );
    assert.ok(victim && other);
    wrong(pick(['GET', 'POST']), pick(['/api/patients/', '/api/lab-tests/', '/api/']), hostile, 1 + Math.floor(random() * 2));
    let verdict = await deliver(victim);
    for (let attempts = 1; verdict.outcome === 'retry' && attempts < 8; attempts++)
      verdict = await deliver({ ...victim, attempts });
    lis.misbehave = () => null;
    const what = `${i}: ${JSON.stringify(hostile).slice(0, 120)} -> ${codeOf(verdict)}`;
    assert.notEqual(verdict.outcome, 'retry', what);
    assert.equal((await deliver(other)).outcome, 'delivered', what);
    for (const key of ['H|A|1', 'H|A|2']) assert.ok(lis.patients.filter((one) => one['patient_id'] === key).length <= 1, what);
    assert.ok(lis.orders.length <= 2, what);
    const { detail: _, ...told } = verdict as Extract<Verdict, { outcome: 'rejected' }>;
    assert.equal(JSON.stringify(told).includes(canary), false, what);
  }
});
