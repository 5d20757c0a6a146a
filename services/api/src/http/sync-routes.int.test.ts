/** Deliveries, redelivery and alerts through the API's door, over a log that is read when told to. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { topics } from '@clinstream/contracts';
import { type ApiUnderTest, apiUnderTest, codeOf, type View } from '../../test/api-under-test.ts';
import { at, delivered, observed, onRequests, ordered, patientKey, raised, requested, today } from '../../test/events.ts';

let api: ApiUnderTest;
before(async () => {
  api = await apiUnderTest();
});
after(() => api.end());
beforeEach(() => api.begin());

const feed: ApiUnderTest['feed'] = (...placed) => api.feed(...placed);
const view: ApiUnderTest['view'] = (path) => api.view(path);
const idsOf: ApiUnderTest['idsOf'] = (path, id) => api.idsOf(path, id);

test('an order and an analysis show where they stand in each target; lists filter and page', async () => {
  await feed(
    at(topics.orders, 0, ordered('o')),
    at(topics.observations, 0, observed('obs', { sourceVersion: today - 1 })),
    onRequests(0, requested('a')),
    at(topics.deliveries, 0, delivered('o')),
    at(topics.deliveries, 4, delivered('obs', { subjectKind: 'observation', at: today + 10 })),
    at(topics.deliveries, 1, delivered('o', { target: 'lis', type: 'DeliveryRejected', code: 'LIS_REJECTED', at: today + 60 })),
    at(topics.deliveries, 2, delivered('a', { subjectKind: 'analysis', type: 'DeliveryHeld', at: today + 70 })),
    at(topics.deliveries, 3, delivered('other', { patientKey: 'H1|MRN|0002', at: today + 80 })),
  );
  const standing = async (path: string) =>
    ((await view(path))['deliveries'] as View[]).map(({ target, outcome }) => [target, outcome]);
  assert.deepEqual(await standing('/v1/orders/o'), [
    ['fhir', 'delivered'],
    ['lis', 'rejected'],
  ]);
  assert.deepEqual(await standing('/v1/analyses/a'), [['fhir', 'held']]);
  const { items } = (await view(`/v1/patients/${encodeURIComponent(patientKey)}/timeline`)) as { items: Record<string, View>[] };
  const targetsOf = ({ deliveries }: View = {}) => (deliveries as View[]).map(({ target }) => target);
  const onTimeline = items.map((item) => [item['kind'], targetsOf(item[String(item['kind'])])]);
  assert.deepEqual(onTimeline, [
    ['analysis', ['fhir']],
    ['order', ['fhir', 'lis']],
    ['observation', ['fhir']],
  ]);
  const found = (query: string) => idsOf(`/v1/deliveries?${query}`, 'subjectId');
  assert.deepEqual(await found(''), ['other', 'a', 'o', 'o', 'obs']);
  assert.deepEqual(await found('target=lis'), ['o']);
  assert.deepEqual(await found('outcome=held'), ['a']);
  assert.deepEqual(await found(`patient=${encodeURIComponent('H1|MRN|0002')}`), ['other']);
  assert.deepEqual(await found('subjectKind=order&subjectId=o'), ['o', 'o']);
  assert.deepEqual(await found(`since=${new Date(today + 70).toISOString()}`), ['other', 'a']);
  const { next } = (await view('/v1/deliveries?limit=3')) as { next: string };
  assert.deepEqual(await found(`limit=3&cursor=${next}`), ['o', 'obs']);
});

test('where something waits or was refused is said with its code; a patient and staff are shown none of it', async () => {
  const outcomes = { fhir: 'DeliveryNeedsReview', lis: 'DeliveryRejected' } as const;
  const subjectsOf = { order: 'o', observation: 'obs', analysis: 'a' } as const;
  await feed(at(topics.orders, 0, ordered('o')), at(topics.observations, 0, observed('obs')), onRequests(0, requested('a')));
  const told = Object.entries(subjectsOf).flatMap(([kind, id]) =>
    (['fhir', 'lis'] as const).map((target) => ({ target, id, subjectKind: kind as keyof typeof subjectsOf })),
  );
  await feed(
    ...told.map(({ target, id, subjectKind }, i) =>
      at(topics.deliveries, i, delivered(id, { target, subjectKind, type: outcomes[target], code: `CODE_OF_${id}` })),
    ),
  );
  const standing = [
    ['fhir', 'needs_review'],
    ['lis', 'rejected'],
  ];
  for (const [kind, id] of Object.entries(subjectsOf)) {
    const { items } = (await view(`/v1/deliveries?subjectKind=${kind}&subjectId=${id}`)) as { items: View[] };
    const found = items.map(({ target, outcome, code }) => [target, outcome, code]);
    assert.deepEqual(
      found.sort(),
      standing.map((one) => [...one, `CODE_OF_${id}`]),
      kind,
    );
  }
  for (const path of ['/v1/deliveries', '/v1/deliveries?subjectKind=order&subjectId=o', '/v1/orders/o', '/v1/analyses/a'])
    for (const role of ['patient', 'staff'] as const)
      assert.equal((await api.get(path, { role })).status, 403, `${path} ${role}`);
});

test('an older outcome told late changes nothing', async () => {
  await feed(at(topics.deliveries, 0, delivered('o', { revision: 3 })), at(topics.orders, 0, ordered('o')));
  await feed(at(topics.deliveries, 1, delivered('o', { revision: 2, type: 'DeliveryRejected' })));
  const [delivery] = (await view('/v1/orders/o'))['deliveries'] as View[];
  assert.deepEqual([delivery?.['outcome'], delivery?.['revision']], ['delivered', 3]);
});

test('redelivery: one, or many within bounds; a dry run sends nothing', async () => {
  const now = Date.now();
  await feed(
    ...['a', 'b', 'c'].map((id, i) => at(topics.deliveries, i, delivered(id, { type: 'DeliveryRejected', at: now - 1_000 * i }))),
    at(topics.deliveries, 3, delivered('old', { type: 'DeliveryRejected', at: now - 10 * 3_600_000 })),
    at(topics.deliveries, 4, delivered('fine', { at: now })),
  );
  const redeliver = (body: object, role = 'admin') => api.post('/v1/deliveries:redeliver', { target: 'fhir', ...body }, { role });
  const many = { outcome: 'rejected', maxAgeHours: 5 };
  const dry = await redeliver({ ...many, dryRun: true });
  assert.deepEqual([dry.status, (dry.body as View)['count'], api.log.published.length], [200, 3, 0]);
  assert.equal((await redeliver(many, 'doctor')).status, 403);
  assert.deepEqual(codeOf(await redeliver({ outcome: 'rejected' })), [400, 'REDELIVERY_UNBOUNDED']);
  assert.equal((await redeliver({ ...many, reason: 'server restored' })).status, 202);
  assert.deepEqual(api.log.published.map(({ value }) => ('subjectId' in value ? value.subjectId : '')).sort(), ['a', 'b', 'c']);
  assert.equal((await redeliver({ subjectKind: 'order', subjectId: 'old' })).status, 202);
  assert.deepEqual(codeOf(await redeliver({ subjectKind: 'order', subjectId: 'nobody' })), [404, 'DELIVERY_UNKNOWN']);
  const [wish] = api.log.published;
  assert.deepEqual([wish?.topic, wish?.key, wish?.value.type], [topics.redeliveries, patientKey, 'RedeliveryRequested']);
});

test('more than may be sent again at once is refused whole', async () => {
  await api.under.rows(`INSERT INTO api.deliveries SELECT 'd-' || i, 'fhir', 'order', 'o-' || i, 'p', 'rejected', 1, NULL, NULL, NULL, NULL, NULL, 1, 1, 1,
    ${Date.now()}, 1 FROM generate_series(1, 1001) i`);
  const answer = await api.post('/v1/deliveries:redeliver', { target: 'fhir', maxAgeHours: 1 }, { role: 'lab' });
  assert.deepEqual([...codeOf(answer), api.log.published.length], [409, 'REDELIVERY_TOO_MANY', 0]);
});

test('an alert waits until somebody acknowledges it, once', async () => {
  await feed(
    at(topics.alerts, 0, raised('x')),
    at(topics.alerts, 1, raised('x', { type: 'AlertEscalated', level: 1, at: today + 900 })),
    at(topics.alerts, 2, raised('y', { kind: 'cancel_refused', subjectKind: 'order', at: today + 1 })),
  );
  const found = (query: string) => idsOf(`/v1/alerts?${query}`, 'alertId');
  assert.deepEqual(await found('status=open'), ['y', 'x']);
  assert.deepEqual(await found('kind=critical_value'), ['x']);
  assert.equal((await api.post('/v1/alerts/x/acknowledge', null, { role: 'staff' })).status, 403);
  assert.equal((await api.post('/v1/alerts/x/acknowledge', null, { role: 'nurse' })).status, 202);
  await api.log.deliver({ [topics.alerts]: 3 });
  assert.deepEqual(await found('status=open'), ['y']);
  const [shown] = (await view('/v1/alerts?status=acknowledged'))['items'] as View[];
  assert.deepEqual([shown?.['alertId'], shown?.['level'], shown?.['acknowledgedBy']], ['x', 1, 'test']);
  assert.deepEqual(codeOf(await api.post('/v1/alerts/x/acknowledge', null)), [409, 'ALERT_ACKNOWLEDGED']);
  assert.deepEqual(codeOf(await api.post('/v1/alerts/none/acknowledge', null)), [404, 'ALERT_UNKNOWN']);
});
