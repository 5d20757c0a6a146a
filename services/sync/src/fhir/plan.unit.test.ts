/** What is sent of a rendering, in one bundle, and what the ledger is told afterwards. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entriesOf, transactionOf } from './bundle.ts';
import { type Entry, type Plan, planOf, readMemo, settledVerdict } from './plan.ts';
import { keyOfSaid, renderSaid, type Said, workOf } from './testing/works.ts';

const said: Said = { id: 'o1', value: 13, version: 1 };
const key = keyOfSaid('o1');
const plan = (more: Parameters<typeof workOf>[1] = {}, what: Said = said): Plan => {
  const work = workOf(what, more);
  return planOf(work, renderSaid(work));
};

function deliveredOf(first: Plan, version: string) {
  const digest = first.all[0]?.digest ?? '';
  const verdict = settledVerdict(first, new Map([[key, { version, digest }]]), new Set([key]));
  assert.ok(verdict.outcome === 'delivered');
  return { ...verdict, code: null, at: 0 };
}

test('the first time all is sent, without a condition', () => {
  const { changed } = plan();
  assert.deepEqual(
    changed.map((one) => [one.key, one.ifMatch]),
    [[key, null]],
  );
});

test('what stands there is not sent again, also when only the source version moved', () => {
  const delivered = deliveredOf(plan(), '3');
  assert.equal(plan({ delivered }).changed.length, 0);
  assert.equal(plan({ delivered }, { ...said, version: 9 }).changed.length, 0);
  const verdict = settledVerdict(plan({ delivered }), new Map(), new Set());
  assert.ok(verdict.outcome === 'delivered');
  assert.deepEqual([verdict.sent, verdict.remoteId, verdict.remoteVersion, verdict.memo], [false, key, '3', delivered.memo]);
});

test('what changed carries the remembered version', () => {
  const { changed } = plan({ delivered: deliveredOf(plan(), '3') }, { ...said, value: 14 });
  assert.deepEqual(
    changed.map(({ ifMatch }) => ifMatch),
    ['3'],
  );
});

test('a person’s wish and an unanswered try send what seems unchanged', () => {
  const delivered = deliveredOf(plan(), '3');
  assert.equal(plan({ delivered, force: true }).changed.length, 1);
  assert.equal(plan({ delivered, intent: { digest: 'd', memo: null, at: 0 } }).changed.length, 1);
});

test('a memo of another shape is as none', () => {
  for (const memo of [null, {}, { resources: 3 }, { resources: { a: 'x' } }, { resources: { a: { version: '1' } } }])
    assert.deepEqual(readMemo(memo as never).resources, {});
});

const entryOf = (id: string, digest: string, ifMatch: string | null): Entry => ({
  key: `Patient/${id}`,
  resource: { resourceType: 'Patient', id },
  digest,
  ifMatch,
});
const planWith = (...changed: Entry[]): Plan => ({ ...plan(), all: changed, changed });

test('6.12 no resource twice in a bundle: the later rendering, the remembered condition', () => {
  const merged = entriesOf(
    [planWith(entryOf('p', 'one', '2')), planWith(entryOf('q', 'x', null), entryOf('p', 'two', null))],
    new Map(),
  );
  assert.deepEqual(
    merged.map(({ key: one, digest, ifMatch }) => [one, digest, ifMatch]),
    [
      ['Patient/p', 'two', '2'],
      ['Patient/q', 'x', null],
    ],
  );
});

test('what this call has written or seen is not written again, or under the version seen', () => {
  const known = new Map([
    ['Patient/p', { version: '5', digest: 'one' }],
    ['Patient/q', { version: '6', digest: null }],
  ]);
  const left = entriesOf([planWith(entryOf('p', 'one', '2'), entryOf('q', 'x', '1'))], known);
  assert.deepEqual(
    left.map(({ key: one, ifMatch }) => [one, ifMatch]),
    [['Patient/q', '6']],
  );
});

test('every entry of a transaction has a fullUrl and is a PUT to its own id', () => {
  const bundle = transactionOf([entryOf('p', 'x', '2'), entryOf('q', 'y', null)], 'http://h/fhir');
  assert.deepEqual(bundle, {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        fullUrl: 'http://h/fhir/Patient/p',
        resource: { resourceType: 'Patient', id: 'p' },
        request: { method: 'PUT', url: 'Patient/p', ifMatch: 'W/"2"' },
      },
      {
        fullUrl: 'http://h/fhir/Patient/q',
        resource: { resourceType: 'Patient', id: 'q' },
        request: { method: 'PUT', url: 'Patient/q' },
      },
    ],
  });
});

test('what is held keeps its notes: a Task may stand there although the result does not', () => {
  const held = { ...plan(), held: 'REVIEW_PENDING' };
  const digest = held.all[0]?.digest ?? '';
  assert.deepEqual(settledVerdict(held, new Map([[key, { version: '1', digest }]]), new Set([key])), {
    outcome: 'held',
    code: 'REVIEW_PENDING',
    memo: { resources: { [key]: { digest, version: '1' } } },
  });
});
