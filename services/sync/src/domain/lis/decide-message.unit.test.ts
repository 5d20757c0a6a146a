import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contentDigestOf, decideMessage, isProvenBy, type Situation } from './decide-message.ts';
import { emptyMemo, type LisMemo } from './memo.ts';
import { cancelled, cancelWish, orderOf, placedEvent, testChannel } from './test-support.ts';

const placedMemo: LisMemo = { ...emptyMemo, known: 'placed', digest: contentDigestOf(orderOf()) };
const situationOf = (change: Partial<Situation> = {}): Situation => ({
  order: orderOf(),
  memo: emptyMemo,
  hasResults: false,
  isRetiredPatient: false,
  force: false,
  ...change,
});
const said = (change: Partial<Situation>, urgent = testChannel.urgent): string => {
  const decision = decideMessage(situationOf(change), { urgent });
  return decision.kind === 'send' ? decision.control : 'code' in decision ? decision.code : decision.kind;
};

const cancelRefused = { type: 'OrderCancelRefused', sourceVersion: placedEvent.sourceVersion + 1_000 } as const;
const told = { ...placedMemo, cancelAnswered: placedEvent.sourceVersion + 1_000 };
const later = { ...cancelWish, sourceVersion: placedEvent.sourceVersion + 60_000 };

const table: readonly (readonly [what: string, situation: Partial<Situation>, expected: string])[] = [
  ['a new order', {}, 'NW'],
  ['nothing new', { memo: placedMemo }, 'unchanged'],
  ['nothing new, but a person asks', { memo: placedMemo, force: true }, 'XO'],
  ['amended', { memo: placedMemo, order: orderOf({}, { type: 'OrderAmended', priority: 'stat' }) }, 'XO'],
  [
    'amended before it was sent: one message with what is true now',
    { order: orderOf({}, { type: 'OrderAmended', note: 'x' }) },
    'NW',
  ],
  [
    'another display text is no other order',
    { memo: placedMemo, order: orderOf({ code: { ...placedEvent.code, display: 'Sugar' } }) },
    'unchanged',
  ],
  ['a wish to cancel', { memo: placedMemo, order: orderOf({}, cancelWish) }, 'CA'],
  ['a wish to cancel once work began', { memo: placedMemo, order: orderOf({}, cancelWish), hasResults: true }, 'DC'],
  ['a wish to cancel what was never sent', { order: orderOf({}, cancelWish) }, 'cancel_here'],
  ['results prove that it was sent', { order: orderOf({}, cancelWish), hasResults: true }, 'DC'],
  ['the wish is answered', { memo: told, order: orderOf({}, cancelWish) }, 'unchanged'],
  [
    'the wish was refused: active again, nothing to say',
    { memo: told, order: orderOf({}, cancelWish, cancelRefused) },
    'unchanged',
  ],
  ['a second wish after a refusal', { memo: told, order: orderOf({}, cancelWish, cancelRefused, later) }, 'CA'],
  ['cancelled by the laboratory itself', { memo: placedMemo, order: orderOf({}, cancelled) }, 'unchanged'],
  ['cancelled before anything was sent', { order: orderOf({}, cancelled) }, 'LIS_ORDER_CANCELLED'],
  ['completed', { memo: placedMemo, order: orderOf({}, { type: 'OrderCompleted' }) }, 'unchanged'],
  ['a cancellation before its order', { order: orderOf(cancelWish) }, 'LIS_ORDER_NOT_PLACED'],
  ['an amendment before its order', { order: orderOf({ type: 'OrderAmended' }) }, 'LIS_ORDER_NOT_PLACED'],
  ['an imaging order', { order: orderOf({ kind: 'imaging' }) }, 'LIS_NOT_AN_ORDER'],
  ['an analysis', { order: orderOf({ kind: 'ai_analysis' }) }, 'LIS_NOT_AN_ORDER'],
  ['a patient merged away', { isRetiredPatient: true }, 'LIS_PATIENT_MERGED'],
  [
    'a patient merged away after the order was placed',
    { isRetiredPatient: true, memo: placedMemo, order: orderOf({}, cancelWish) },
    'CA',
  ],
];
for (const [what, situation, expected] of table) {
  test(`6.6 ${what}: ${expected}`, () => assert.equal(said(situation), expected));
}

test('6.9 a priority nobody understood is never sent as routine', () => {
  assert.equal(said({ order: orderOf({ priority: 'unknown' }) }), 'LIS_PRIORITY_UNKNOWN');
});

test('6.9 urgent is sent only as agreed', () => {
  assert.equal(said({ order: orderOf({ priority: 'urgent' }) }), 'NW');
  assert.equal(said({ order: orderOf({ priority: 'urgent' }) }, null), 'LIS_URGENT_NOT_AGREED');
});

test('6.8 what proves that an unanswered message arrived', () => {
  const sending = { control: 'NW', controlId: 'x', digest: 'd', cancelVersion: null, bytes: '', answers: 0 } as const;
  assert.equal(isProvenBy(sending, { order: orderOf(), hasResults: false }), false);
  assert.equal(isProvenBy(sending, { order: orderOf(), hasResults: true }), true);
  assert.equal(isProvenBy({ ...sending, control: 'XO' }, { order: orderOf(), hasResults: true }), false);
  assert.equal(isProvenBy({ ...sending, control: 'CA' }, { order: orderOf({}, cancelled), hasResults: false }), true);
});

test('6.2 telling what was decided leaves nothing to tell: at most two messages to rest, whatever happened', () => {
  const change = fc.record({
    type: fc.constantFrom(
      'OrderPlaced',
      'OrderAmended',
      'OrderCancelRequested',
      'OrderCancelled',
      'OrderCancelRefused',
      'OrderCompleted',
    ),
    priority: fc.constantFrom('routine', 'stat'),
    sourceVersion: fc.integer({ min: 1, max: 20 }),
  }) as fc.Arbitrary<Partial<typeof placedEvent>>;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), fc.boolean(), (changes, hasResults) => {
      const order = orderOf(...changes);
      let memo: LisMemo = emptyMemo;
      for (let messages = 0; ; messages++) {
        const decision = decideMessage(situationOf({ order, memo, hasResults }), testChannel);
        if (decision.kind !== 'send') return;
        else if (decision.cancelVersion === null) memo = { ...memo, known: 'placed', digest: decision.digest };
        else memo = { ...memo, cancelAnswered: decision.cancelVersion };
        assert.ok(messages < 2);
      }
    }),
    { numRuns: 300 },
  );
});
