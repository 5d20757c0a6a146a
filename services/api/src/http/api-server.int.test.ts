import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { inputSetOf, observationIdOf, topics } from '@clinstream/contracts';
import { type ApiUnderTest, apiUnderTest, manifest, type View } from '../../test/api-under-test.ts';
import {
  at,
  ended,
  observed,
  onProgress,
  onRequests,
  onResults,
  ordered,
  patientKey,
  progressed,
  received,
  registered,
  requested,
  today,
} from '../../test/events.ts';

let api: ApiUnderTest;
before(async () => {
  api = await apiUnderTest();
});
after(() => api.end());
beforeEach(() => api.begin());

const feed: ApiUnderTest['feed'] = (...placed) => api.feed(...placed);
const inputSet = inputSetOf(manifest);
const view: ApiUnderTest['view'] = (path) => api.view(path);
/** A little after the request has reached the server and waits there. */
async function whenWaiting(count = 1): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    const metric = await api.under.telemetry.registry.getSingleMetric('clinstream_api_waiting_requests')?.get();
    if (metric?.values[0]?.value === count) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail('nobody waits');
}

test('a completed job shows its result, with inputs named and the strongest first', async () => {
  const evidence = { method: 'tree-shap', inputSet, baseValue: -0.3, values: [0.5, -1.25, 0.125] };
  await feed(onRequests(0, requested('a')), onResults(0, ended('a', { evidence })));
  const { status, body, headers } = await api.get('/v1/analyses/a');
  assert.equal(status, 200);
  const shown = body as View;
  assert.deepEqual([shown['status'], shown['jobId'], shown['version'], shown['stale']], ['completed', 'a', 2, false]);
  assert.deepEqual(shown['prediction'], { label: 'malignant', probability: 0.93, margin: 2.6 });
  assert.deepEqual(shown['evidence'], {
    method: 'tree-shap',
    space: 'margin',
    baseValue: -0.3,
    inputs: [
      { name: 'texture', unit: 'um', value: -1.25 },
      { name: 'radius', unit: 'um', value: 0.5 },
      { name: 'area', unit: 'um', value: 0.125 },
    ],
  });
  assert.equal(headers.get('etag'), '"2"');
  assert.equal((await api.get('/v1/analyses/a', { headers: { 'if-none-match': '"2"' } })).status, 304);
});

test('pending before the projection has read the position, unknown after it and without one', async () => {
  const ahead = `${topics.requests.routine}:0:7`;
  assert.equal((await view(`/v1/analyses/nobody?position=${ahead}`))['status'], 'pending');
  assert.equal((await api.get('/v1/analyses/nobody')).status, 404);
  await feed(...Array.from({ length: 8 }, (_, i) => onRequests(i, requested(`job-${i}`))));
  const { status, body } = await api.get(`/v1/analyses/nobody?position=${ahead}`);
  assert.deepEqual([status, (body as View)['code']], [404, 'ANALYSIS_UNKNOWN']);
  assert.equal((await api.get('/v1/analyses/nobody?position=nonsense')).status, 400);
});

test('a long poll is woken by the end of the job, from before its request was read', async () => {
  const waiting = view(`/v1/analyses/a?wait=30&position=${topics.requests.routine}:0:0`);
  await whenWaiting();
  await feed(onRequests(0, requested('a')));
  await feed(onProgress(0, progressed('a')));
  await feed(onResults(0, ended('a')));
  assert.equal((await waiting)['status'], 'completed');
});

test('many who wait for one job and others are answered by the same look-up', async () => {
  await feed(...Array.from({ length: 20 }, (_, i) => onRequests(i, requested(`job-${i}`))));
  const waiting = Array.from({ length: 60 }, (_, i) => view(`/v1/analyses/job-${i % 20}?wait=30`));
  await whenWaiting(60);
  await feed(...Array.from({ length: 20 }, (_, i) => onResults(i, ended(`job-${i}`))));
  assert.deepEqual(new Set((await Promise.all(waiting)).map((one) => one['status'])), new Set(['completed']));
});

test('a wait that is over shows the job as it stands', async () => {
  await feed(onRequests(0, requested('a')));
  assert.equal((await view('/v1/analyses/a?wait=1'))['status'], 'queued');
});

test('pages follow each other without loss or repetition, also within one moment', async () => {
  const jobs = Array.from({ length: 25 }, (_, i) => `job-${String(i).padStart(2, '0')}`);
  await feed(...jobs.map((job, i) => onRequests(i, requested(job, { requestedAt: today + Math.floor(i / 10) }))));
  const seen: string[] = [];
  let path = '/v1/analyses?limit=7';
  for (let pages = 0; pages < 10; pages++) {
    const { items, next } = (await view(path)) as { items: { jobId: string }[]; next: string | null };
    seen.push(...items.map((item) => item.jobId));
    if (next === null) break;
    path = `/v1/analyses?limit=7&cursor=${next}`;
  }
  assert.deepEqual(seen, jobs.toReversed());
});

test('lists filter by patient, status, model and time', async () => {
  await feed(
    onRequests(0, requested('waits')),
    onRequests(1, requested('other', { patientKey: 'H1|MRN|0002', model: 'lung' })),
    onRequests(2, requested('done', { requestedAt: today + 5_000 })),
    onProgress(0, progressed('other', { patientKey: 'H1|MRN|0002' })),
    onResults(0, ended('done')),
    onResults(1, ended('broke', { type: 'AnalysisFailed', prediction: null, evidence: null })),
  );
  const ids = async (query: string) => ((await view(`/v1/analyses?${query}`))['items'] as View[]).map((item) => item['jobId']);
  assert.deepEqual(await ids('status=queued'), ['waits']);
  assert.deepEqual(await ids('status=running'), ['other']);
  assert.deepEqual(await ids('status=failed'), ['broke']);
  assert.deepEqual(await ids('status=completed'), ['done']);
  assert.deepEqual(await ids('model=lung'), ['other']);
  assert.deepEqual(await ids(`patient=${encodeURIComponent('H1|MRN|0002')}`), ['other']);
  assert.deepEqual(await ids(`from=${new Date(today + 1_000).toISOString()}`), ['done']);
  assert.deepEqual(await ids(`to=${new Date(today + 1).toISOString()}&status=queued`), ['waits']);
  assert.equal((await api.get('/v1/analyses?status=nonsense')).status, 400);
  assert.equal((await api.get('/v1/analyses?limit=201')).status, 400);
  assert.equal((await api.get('/v1/analyses?cursor=nonsense')).status, 400);
});

test('an input corrected or withdrawn after the request makes the analysis stale', async () => {
  await feed(
    { ...at(topics.observations, 0, observed('o1')), timestamp: today - 1_000 },
    { ...at(topics.observations, 1, observed('o2', { status: 'corrected' })), timestamp: today - 1_000 },
    onRequests(0, requested('a', { inputObservations: ['o1', 'o2'] })),
    onResults(0, ended('a')),
  );
  assert.equal((await view('/v1/analyses/a'))['stale'], false);
  const before = (await api.get('/v1/analyses/a')).headers.get('etag');
  const correction = observed('o1', { type: 'ObservationCorrected', status: 'corrected', sourceVersion: today + 9 });
  await feed({ ...at(topics.observations, 2, correction), timestamp: today + 60_000 });
  const shown = await view('/v1/analyses/a');
  assert.deepEqual([shown['stale'], shown['staleInputs']], [true, ['o1']]);
  assert.notEqual((await api.get('/v1/analyses/a')).headers.get('etag'), before);
});

test('facts 6.5: a correction under the filler number the order did not know makes the analysis stale through the order', async () => {
  const order = ordered('order-1', { placerAuthority: 'H1|OCS', placerNumber: 'P1' });
  const code = { code: 'GLU', system: 'L', display: null };
  const inputs = ['', 'b'].map((subId) => observationIdOf('H1|OCS', 'P1', 'GLU^L', subId));
  const change = { type: 'ObservationCorrected', status: 'corrected', orderId: 'order-1', code } as const;
  const [first = '', second = ''] = inputs;
  await feed(
    at(topics.orders, 0, order),
    onRequests(0, requested('a', { inputObservations: inputs, orderId: 'order-1' })),
    onRequests(1, requested('b', { inputObservations: inputs })),
    // Of the order, but no input; of another order; and before the question was asked.
    { ...at(topics.observations, 0, observed('by-filler-1', { ...change, subId: 'c' })), timestamp: today + 60_000 },
    { ...at(topics.observations, 1, observed('by-filler-2', { ...change, orderId: 'order-2' })), timestamp: today + 60_000 },
    { ...at(topics.observations, 2, observed('by-filler-3', change)), timestamp: today - 60_000 },
  );
  assert.equal((await view('/v1/analyses/a'))['stale'], false);
  await feed(
    { ...at(topics.observations, 3, observed('by-filler-4', { ...change, subId: 'b' })), timestamp: today + 60_000 },
    // The laboratory names the order once, then only its own number.
    {
      ...at(topics.observations, 4, observed('by-filler-3', { ...change, orderId: null, sourceVersion: today + 9 })),
      timestamp: today + 60_000,
    },
  );
  assert.deepEqual((await view('/v1/analyses/a'))['staleInputs'], [first, second].sort());
  assert.equal((await view('/v1/analyses/b'))['stale'], false);
});

test('orders end amended, asked to cancel and cancelled, whatever comes late', async () => {
  const content = { note: 'fasting', contentDigest: 'digest-2', sourceVersion: today + 10 };
  await feed(
    at(topics.orders, 0, ordered('o', { type: 'OrderAmended', ...content })),
    at(topics.orders, 1, ordered('o')),
    at(topics.orders, 2, ordered('o')),
  );
  const amended = await view('/v1/orders/o');
  assert.deepEqual([amended['status'], amended['note'], amended['conflicting']], ['active', 'fasting', false]);
  await feed(at(topics.orders, 3, ordered('o', { type: 'OrderCancelRequested', sourceVersion: today + 20 })));
  assert.equal((await view('/v1/orders/o'))['status'], 'cancel_requested');
  await feed(
    at(topics.orders, 4, ordered('o', { type: 'OrderCancelled', sourceVersion: today + 30 })),
    at(topics.orders, 5, ordered('o')),
  );
  assert.equal((await view('/v1/orders/o'))['status'], 'cancelled');
  assert.equal((await api.get('/v1/orders/nobody')).status, 404);
});

test('a merge shows the retired record under the survivor, and says so', async () => {
  const [retired, survivor] = [patientKey, 'H1|MRN|0009'];
  await feed(
    at(topics.patients, 0, registered(retired)),
    at(topics.patients, 0, registered(survivor), 1),
    at(
      topics.patients,
      1,
      registered(retired, { type: 'PatientsMerged', demographics: null, mergedInto: survivor, sourceVersion: today + 5 }),
    ),
    at(
      topics.patients,
      1,
      registered(survivor, { type: 'PatientsMerged', demographics: null, mergedFrom: retired, sourceVersion: today + 5 }),
      1,
    ),
    onRequests(0, requested('old', { patientKey: retired })),
    onRequests(0, requested('new', { patientKey: survivor, requestedAt: today + 50 }), 1),
    at(topics.orders, 0, ordered('order', { patientKey: retired, requestedAt: today + 20 })),
    at(topics.observations, 0, observed('obs', { patientKey: retired, sourceVersion: today + 30 })),
  );
  for (const key of [retired, survivor]) {
    const shown = await view(`/v1/patients/${encodeURIComponent(key)}/timeline`);
    assert.deepEqual([shown['survivor'], shown['merged']], [survivor, true]);
    const items = shown['items'] as View[];
    assert.deepEqual(
      items.map((item) => [item['kind'], item['patientKey']]),
      [
        ['analysis', survivor],
        ['observation', retired],
        ['order', retired],
        ['analysis', retired],
      ],
    );
    const records = shown['patients'] as View[];
    assert.deepEqual(
      records.map((record) => [record['patientKey'], record['mergedInto']]),
      [
        [retired, survivor],
        [survivor, null],
      ],
    );
  }
  assert.equal((await api.get(`/v1/patients/${encodeURIComponent('H1|MRN|none')}/timeline`)).status, 404);
});

test('facts 6.5: results for unknown and for cancelled orders are kept, and say so', async () => {
  await feed(
    at(topics.orders, 0, ordered('known')),
    at(topics.orders, 1, ordered('ended')),
    at(topics.orders, 2, ordered('ended', { type: 'OrderCancelled', sourceVersion: today + 1 })),
    at(topics.orders, 3, ordered('only-named', { type: 'OrderCompleted' })),
    ...['known', 'ended', 'only-named', 'never-heard-of', null].map((orderId, i) =>
      at(topics.observations, i, observed(`of ${orderId}`, { orderId })),
    ),
  );
  const { items } = await view(`/v1/patients/${encodeURIComponent(patientKey)}/timeline?limit=50`);
  const seen = (items as { observation?: View }[]).flatMap(({ observation }) =>
    observation ? [[observation['observationId'], observation['orderStatus']]] : [],
  );
  assert.deepEqual(Object.fromEntries(seen), {
    ...{
      'of known': 'active',
      'of ended': 'cancelled',
      'of only-named': 'unknown',
      'of never-heard-of': 'unknown',
      'of null': null,
    },
  });
});

test('6.6 an order tells that its specimen was rejected, when and why, and stands', async () => {
  const rejected = { type: 'OrderSpecimenRejected', specimenRejectReasons: ['QS', 'RH'], sourceVersion: today + 1 } as const;
  await feed(at(topics.orders, 0, ordered('order')), at(topics.orders, 1, ordered('order', rejected)));
  const shown = await view('/v1/orders/order');
  assert.deepEqual(
    [shown['status'], shown['specimenRejectReasons'], shown['specimenRejectedAt']],
    ['active', ['QS', 'RH'], new Date(today + 1).toISOString()],
  );
});

test('timeline pages follow each other', async () => {
  await feed(
    ...Array.from({ length: 6 }, (_, i) => onRequests(i, requested(`job-${i}`))),
    ...Array.from({ length: 6 }, (_, i) => at(topics.orders, i, ordered(`order-${i}`))),
  );
  const seen: string[] = [];
  let path = `/v1/patients/${encodeURIComponent(patientKey)}/timeline?limit=5`;
  for (let pages = 0; pages < 5; pages++) {
    const { items, next } = (await view(path)) as {
      items: { kind: string; analysis?: View; order?: View }[];
      next: string | null;
    };
    seen.push(...items.map((item) => String(item.analysis?.['jobId'] ?? item.order?.['orderId'])));
    if (next === null) break;
    path = `/v1/patients/${encodeURIComponent(patientKey)}/timeline?limit=5&cursor=${next}`;
  }
  assert.equal(seen.length, 12);
  assert.equal(new Set(seen).size, 12);
});

test('queues count what waits and runs per lane', async () => {
  await feed(onRequests(0, requested('a')), onRequests(1, requested('b', { priority: 'asap' })), onProgress(0, progressed('a')));
  const lanes = (await view('/v1/queues'))['lanes'] as View[];
  assert.deepEqual(
    lanes.map(({ lane, waiting, running }) => [lane, waiting, running]),
    [
      ['stat', 1, 0],
      ['urgent', 0, 0],
      ['routine', 0, 1],
    ],
  );
  assert.equal(typeof lanes[0]?.['oldestWaitingSeconds'], 'number');
  assert.equal(lanes[2]?.['oldestWaitingSeconds'], null);
});

test('models are described', async () => {
  const [model] = (await view('/v1/models'))['models'] as View[];
  const inputs = (model?.['inputs'] ?? []) as View[];
  assert.deepEqual([model?.['name'], inputs.length], ['breast-cancer', 3]);
});

test('a message is found by its control id; one reused for other content is flagged; raw bytes for few', async () => {
  await feed(
    at(topics.messages, 0, received('m1', { blobRef: 'sha256:01' })),
    at(topics.messages, 1, received('m2')),
    at(topics.messages, 2, received('m3', { sendingFacility: 'H2' })),
    at(topics.messages, 3, received('m1')),
  );
  const items = (await view('/v1/messages?controlId=MSG-1'))['items'] as View[];
  const flags = Object.fromEntries(items.map((item) => [item['messageId'], item['reusedControlId']]));
  assert.deepEqual(flags, { m1: true, m2: true, m3: false });
  api.blobs.set('sha256:01', Buffer.from('MSH|^~\\&|'));
  assert.equal((await api.get('/v1/messages/m1/raw', { role: 'lab' })).body, 'MSH|^~\\&|');
  assert.equal((await api.get('/v1/messages/m1/raw')).status, 403);
  assert.equal((await api.get('/v1/messages/none/raw', { role: 'admin' })).status, 404);
});

test('nothing is shown to a patient, to staff no results, to nobody anything', async () => {
  const paths = [
    '/v1/analyses',
    '/v1/analyses/a',
    '/v1/analyses/a/events',
    '/v1/orders/a',
    '/v1/queues',
    '/v1/models',
    '/v1/messages?controlId=a',
  ];
  for (const path of [...paths, '/v1/patients/a/timeline', '/v1/messages/a/raw']) {
    assert.equal((await api.get(path, { role: 'patient' })).status, 403, path);
    assert.equal((await api.get(path, { role: 'forged' })).status, 401, path);
  }
  for (const path of ['/v1/analyses', '/v1/analyses/a', '/v1/orders/a', '/v1/patients/a/timeline']) {
    assert.equal((await api.get(path, { role: 'staff' })).status, 403, path);
  }
  assert.equal((await api.get('/v1/queues', { role: 'staff' })).status, 200);
});

test('an event stream shows each change once, goes on after the last one seen, and ends with the job', async () => {
  await feed(onRequests(0, requested('a')));
  const stream = (lastEventId?: number) =>
    fetch(`${api.base}/v1/analyses/a/events`, {
      headers: { authorization: 'Bearer doctor', ...(lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) }) },
    });
  const whole = stream().then((response) => response.text());
  await whenWaiting();
  const resumed = stream(1).then((response) => response.text());
  await whenWaiting(2);
  await feed(onProgress(0, progressed('a')));
  await feed(onResults(0, ended('a')));
  const idsOf = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
  assert.equal(idsOf(await whole)[0], 1);
  assert.equal(idsOf(await whole).at(-1), 3);
  assert.ok(!idsOf(await resumed).includes(1));
  assert.equal(idsOf(await resumed).at(-1), 3);
  assert.equal((await stream(3)).status, 204);
  assert.equal((await api.get('/v1/analyses/nobody/events')).status, 404);
});
