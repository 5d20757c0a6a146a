/** Review through the API's door, over a log that is read when told to. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { topics } from '@clinstream/contracts';
import { type ApiUnderTest, apiUnderTest, codeOf, type View } from '../../test/api-under-test.ts';
import {
  at,
  ended,
  observed,
  onRequests,
  onResults,
  patientKey,
  registered,
  requested,
  reviewed,
  today,
} from '../../test/events.ts';

let api: ApiUnderTest;
before(async () => {
  api = await apiUnderTest();
});
after(() => api.end());
beforeEach(() => api.begin());

const feed: ApiUnderTest['feed'] = (...placed) => api.feed(...placed);
const view: ApiUnderTest['view'] = (path) => api.view(path);
const idsOf: ApiUnderTest['idsOf'] = (path, id) => api.idsOf(path, id);
const looked = { generation: 1, attempt: 1, modelVersion: '1.0.0', modelDigest: 'sha256:aa' };
const approve = { decision: 'approve', ...looked };

test('a doctor approves the result: pending, then approved with by, at and comment; the position waits for it', async () => {
  await feed(onRequests(0, requested('a')), onResults(0, ended('a')));
  assert.deepEqual((await view('/v1/analyses/a'))['review'], {
    status: 'pending',
    by: null,
    role: null,
    at: null,
    comment: null,
    heldBecause: null,
  });
  const answer = await api.post('/v1/analyses/a/review', { ...approve, comment: 'fits' });
  assert.equal(answer.status, 202);
  const { position } = answer.body as { position: string };
  const waiting = view(`/v1/analyses/a?wait=30&position=${position}`);
  await api.log.deliver();
  const shown = await waiting;
  const review = shown['review'] as View;
  assert.deepEqual([review['status'], review['by'], review['role'], review['comment']], ['approved', 'test', 'doctor', 'fits']);
  assert.deepEqual([(shown['released'] as View)['generation'], shown['version']], [1, 3]);
  assert.deepEqual(await idsOf('/v1/analyses?review=approved'), ['a']);
  assert.deepEqual(await idsOf('/v1/analyses?review=pending'), []);
});

test('the same approval again is the same event and changes nothing', async () => {
  await feed(onRequests(0, requested('a')), onResults(0, ended('a')));
  for (let i = 0; i < 2; i++) {
    assert.equal((await api.post('/v1/analyses/a/review', approve)).status, 202);
    await api.log.deliver();
  }
  const [first, second] = api.log.published;
  assert.deepEqual(first?.envelope.eventId, second?.envelope.eventId);
  assert.equal((await view('/v1/analyses/a'))['version'], 3);
});

test('only doctors and radiologists review, and only what they looked at', async () => {
  await feed(onRequests(0, requested('a')), onResults(0, ended('a')));
  for (const role of ['nurse', 'lab', 'staff', 'admin', 'system', 'patient'])
    assert.equal((await api.post('/v1/analyses/a/review', approve, { role })).status, 403, role);
  assert.deepEqual(codeOf(await api.post('/v1/analyses/a/review', { ...approve, attempt: 2 })), [409, 'REVIEW_NOT_CURRENT']);
  assert.deepEqual(codeOf(await api.post('/v1/analyses/b/review', approve)), [404, 'ANALYSIS_UNKNOWN']);
  assert.equal((await api.post('/v1/analyses/a/review', { ...approve, decision: 'maybe' })).status, 400);
  assert.equal((await api.post('/v1/analyses/a/review', approve, { role: 'radiologist' })).status, 202);
  assert.equal(api.log.published.length, 1);
});

test('facts 6.10: reprocessing leaves the approved result standing, and the new one waits for a review of its own', async () => {
  await feed(onRequests(0, requested('a')), onResults(0, ended('a')), at(topics.reviews, 0, reviewed('a')));
  await feed(onRequests(1, requested('a', { generation: 2 })));
  assert.deepEqual(codeOf(await api.post('/v1/analyses/a/review', approve)), [409, 'REVIEW_NOT_CURRENT']);
  assert.deepEqual(
    codeOf(
      await api.post('/v1/analyses/a/review', { ...approve, generation: 2, attempt: 0, modelVersion: null, modelDigest: null }),
    ),
    [409, 'REVIEW_NOT_COMPLETED'],
  );
  await feed(onResults(1, ended('a', { generation: 2, prediction: { label: 'benign', probability: 0.1, margin: null } })));
  const shown = await view('/v1/analyses/a');
  assert.deepEqual([(shown['review'] as View)['status'], (shown['released'] as View)['generation']], ['pending', 1]);
  assert.deepEqual(await idsOf('/v1/analyses?review=pending'), ['a']);
  assert.deepEqual(await idsOf('/v1/analyses?review=approved'), []);
});

test('facts 6.5: corrected (C), deleted (D) and wrong (W) inputs block approval, also when a final value comes again', async () => {
  const inputs = ['corrected', 'entered_in_error', 'cancelled'] as const;
  await feed(...inputs.map((status, i) => at(topics.observations, i, observed(status))));
  await feed(
    ...inputs.map((status, i) => onRequests(i, requested(status, { inputObservations: [status], requestedAt: today + 2_000 }))),
    ...inputs.map((status, i) => onResults(i, ended(status))),
  );
  const later = { timestamp: today + 60_000 };
  await feed(
    ...inputs.map((status, i) => ({
      ...at(topics.observations, 3 + i, observed(status, { status, sourceVersion: today + 9 })),
      ...later,
    })),
  );
  for (const job of inputs) {
    assert.deepEqual(codeOf(await api.post(`/v1/analyses/${job}/review`, approve)), [409, 'REVIEW_STALE'], job);
    assert.equal((await api.post(`/v1/analyses/${job}/review`, { ...approve, decision: 'reject' })).status, 202, job);
  }
  await feed({ ...at(topics.observations, 6, observed('corrected', { sourceVersion: today + 10 })), ...later });
  assert.equal((await view('/v1/analyses/corrected'))['stale'], true);
});

test('an analysis of a corrected value that came in the same message is not stale; of one withdrawn before, it is', async () => {
  const received = { timestamp: today };
  await feed(
    { ...at(topics.observations, 0, observed('o', { status: 'corrected' })), ...received },
    { ...at(topics.observations, 1, observed('gone', { status: 'entered_in_error' })), timestamp: today - 10 },
    onRequests(0, requested('a', { inputObservations: ['o'] })),
    onRequests(1, requested('b', { inputObservations: ['gone'] })),
  );
  assert.deepEqual([(await view('/v1/analyses/a'))['stale'], (await view('/v1/analyses/b'))['stale']], [false, true]);
});

test('facts 6.4: a result in flight while its patient was merged is held for review, and the view says so', async () => {
  const survivor = 'H1|MRN|0009';
  await feed(
    onRequests(0, requested('retired', { requestedAt: today })),
    onRequests(1, requested('survivor', { requestedAt: today, patientKey: survivor })),
    onRequests(2, requested('later', { requestedAt: today + 90_000 })),
  );
  const merge = registered(patientKey, {
    type: 'PatientsMerged',
    demographics: null,
    mergedInto: survivor,
    sourceVersion: today + 5,
  });
  await feed({ ...at(topics.patients, 0, merge), timestamp: today + 50_000 });
  await feed(...['retired', 'survivor', 'later'].map((job, i) => onResults(i, ended(job, { endedAt: today + 95_000 }))));
  const held = async (job: string) => ((await view(`/v1/analyses/${job}`))['review'] as View)['heldBecause'];
  assert.deepEqual(
    [await held('retired'), await held('survivor'), await held('later')],
    ['patient_merged', 'patient_merged', null],
  );
});

test('a stream until reviewed goes on after the end and ends with the review', async () => {
  await feed(onRequests(0, requested('a')), onResults(0, ended('a')));
  const stream = () =>
    fetch(`${api.base}/v1/analyses/a/events?until=reviewed`, {
      headers: { authorization: 'Bearer doctor', 'last-event-id': '1' },
    });
  const response = await stream();
  assert.ok(response.body);
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (/^id: 2$/m.test(text) && !text.includes('id: 3')) await feed(at(topics.reviews, 0, reviewed('a')));
  }
  const ids = [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
  assert.deepEqual(ids, [2, 3]);
  assert.equal((await api.get('/v1/analyses/a/events?until=reviewed', { headers: { 'last-event-id': '3' } })).status, 204);
});

test('a review nobody could write down is answered 503, and may be repeated', async () => {
  await feed(onRequests(0, requested('a')), onResults(0, ended('a')));
  api.log.setAway(true);
  const answer = await api.post('/v1/analyses/a/review', approve);
  assert.deepEqual([...codeOf(answer), (answer.body as View)['mayHaveBeenAccepted']], [503, 'KAFKA_UNAVAILABLE', true]);
  api.log.setAway(false);
  assert.equal((await api.post('/v1/analyses/a/review', approve)).status, 202);
});
