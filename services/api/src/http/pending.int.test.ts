/** The links of a 202 work at once: before the projection has read what they point to. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { topics } from '@clinstream/contracts';
import { type ApiUnderTest, apiUnderTest } from '../../test/api-under-test.ts';
import { at, cluster, ended, onRequests, onResults, ordered, requested } from '../../test/events.ts';
import { wholeLog } from '../../test/sink-under-test.ts';
import { resetProjection } from '../sink/sql/reset-projection.ts';

let api: ApiUnderTest;
before(async () => {
  api = await apiUnderTest({ pollMs: 20 });
});
after(() => api.end());
beforeEach(async () => {
  await resetProjection(api.under.postgres);
  await api.under.sink.startAt(cluster, wholeLog());
});

const first = `${topics.requests.routine}:0:0`;
const follow = (id: string, position: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${api.base}/v1/analyses/${id}/events?position=${position}`, {
    headers: { authorization: 'Bearer doctor', ...headers },
    signal: AbortSignal.timeout(20_000),
  });
const statusesIn = (stream: string): readonly unknown[] =>
  [...stream.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => (JSON.parse(data) as { status: string }).status);

test('the stream of a job not read yet opens, and shows the job once it is read', async () => {
  const response = await follow('a', first);
  assert.equal(response.status, 200, 'open although nothing is known yet');
  await api.under.feed(onRequests(0, requested('a')));
  await api.under.feed(onResults(0, ended('a')));
  assert.deepEqual(statusesIn(await response.text()).at(-1), 'completed');
});

test('the stream of a job that was never there ends once the log is read that far, and then it is unknown', async () => {
  const response = await follow('nobody', first);
  assert.equal(response.status, 200);
  await api.under.feed(onRequests(0, requested('a')));
  assert.deepEqual(statusesIn(await response.text()), []);
  assert.equal((await follow('nobody', first)).status, 404);
  assert.equal((await follow('nobody', 'nonsense')).status, 400);
});

test('a client that comes back with the link and the last id it saw is not told twice', async () => {
  await api.under.feed(onRequests(0, requested('a')), onResults(0, ended('a')));
  assert.equal((await follow('a', first, { 'last-event-id': '2' })).status, 204);
});

test('an order not read yet is pending, and unknown once the log is read that far', async () => {
  const position = `${topics.orders}:0:0`;
  const { status, body } = await api.get(`/v1/orders/o?position=${position}`);
  assert.deepEqual([status, (body as { status: string }).status, (body as { version: number }).version], [200, 'pending', 0]);
  assert.equal((await api.get('/v1/orders/o')).status, 404);
  assert.equal((await api.get('/v1/orders/o?position=nonsense')).status, 400);
  await api.under.feed(at(topics.orders, 0, ordered('o')));
  assert.equal(((await api.get(`/v1/orders/o?position=${position}`)).body as { status: string }).status, 'active');
  assert.equal((await api.get(`/v1/orders/nobody?position=${position}`)).status, 404);
});
