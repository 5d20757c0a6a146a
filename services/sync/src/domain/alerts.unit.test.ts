import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeliveryEvent, ObservationEvent, ObservationStatus, OrderEvent } from '@clinstream/contracts';
import { observationRank } from '@clinstream/contracts';
import fc from 'fast-check';
import { observed, ordered, today } from '../../test/events.ts';
import { alertOfDelivery, alertOfOrder, alertsFor, type Consequences, isCritical, type Watched } from './alerts.ts';

const statuses: readonly ObservationStatus[] = ['preliminary', 'final', 'amended', 'corrected', 'cancelled', 'entered_in_error'];
const anyTelling = fc
  .record({
    sourceVersion: fc.integer({ min: 1, max: 4 }).map((n) => today + n),
    status: fc.constantFrom(...statuses),
    value: fc.constantFrom(4, 7),
  })
  // Of one rank there is one telling.
  .map(({ sourceVersion, status, value }) => {
    const numeric = (sourceVersion + statuses.indexOf(status)) % 2 === 0 ? 4 : value;
    return observed('obs', {
      sourceVersion,
      status,
      value: { numeric, comparator: null, text: null, unit: null },
      abnormalFlag: numeric === 7 ? 'HH' : null,
    });
  });

function run(events: readonly ObservationEvent[]) {
  let watched: Watched | null = null;
  const raised: string[] = [];
  const superseded: string[] = [];
  for (const event of events) {
    const step: Consequences | null = alertsFor(watched, event);
    if (step === null) continue;
    watched = step.watched;
    if (step.raised) raised.push(step.raised.alertId);
    if (step.superseded) superseded.push(step.superseded);
  }
  return { watched, raised, superseded };
}

test('whatever is told, in whatever order and however often: one open alert if the last word that counts is critical, none if it is not', () => {
  fc.assert(
    fc.property(fc.array(anyTelling, { maxLength: 10 }), (events) => {
      const { raised, superseded } = run(events);
      assert.equal(new Set(raised).size, raised.length, 'no alert twice');
      const open = raised.filter((id) => !superseded.includes(id));
      let last: ObservationEvent | null = null;
      let highest: readonly [number, number] = [-1, -1];
      for (const event of events) {
        const [version, weight] = observationRank(event);
        if (version < highest[0] || (version === highest[0] && weight <= highest[1])) continue;
        highest = [version, weight];
        if (event.status !== 'preliminary') last = event;
      }
      assert.equal(open.length, last !== null && isCritical(last) ? 1 : 0);
    }),
    { numRuns: 1_000 },
  );
});

test('the same once more changes nothing', () => {
  fc.assert(
    fc.property(fc.array(anyTelling, { minLength: 1, maxLength: 10 }), (events) => {
      const { watched } = run(events);
      for (const event of events) assert.equal(alertsFor(watched, event), null);
    }),
  );
});

test('the same critical value told again, by newer messages and as a correction, is one alert', () => {
  const value = { numeric: 7, comparator: null, text: null, unit: null };
  const tellings = (['final', 'final', 'corrected'] as const).map((status, i) =>
    observed('obs', { status, value, abnormalFlag: 'LL', sourceVersion: today + i }),
  );
  assert.deepEqual([run(tellings).raised.length, run(tellings).superseded.length], [1, 0]);
});

test('orders: what calls a person, and what does not', () => {
  const kinds = (
    ['OrderPlaced', 'OrderAmended', 'OrderCancelRequested', 'OrderCancelled', 'OrderCompleted', 'Unknown'] as const
  ).map((type: OrderEvent['type']) => alertOfOrder(ordered('o', { type }), 'e'));
  assert.deepEqual(new Set(kinds), new Set([null]));
  assert.equal(alertOfOrder(ordered('o', { type: 'OrderCancelRefused' }), 'e')?.kind, 'cancel_refused');
});

test('deliveries: a refusal raises one per outcome and target, what is held raises none', () => {
  const event = (type: DeliveryEvent['type'], change: Partial<DeliveryEvent> = {}): DeliveryEvent => ({
    ...{ type, target: 'fhir', subjectKind: 'analysis', subjectId: 'job', patientKey: null, revision: 1, contentDigest: null },
    ...{
      remoteId: null,
      remoteVersion: null,
      acknowledgement: null,
      code: null,
      attempts: 0,
      subjectVersion: 1,
      changedAt: 1,
      at: 1,
    },
    ...change,
  });
  assert.equal(alertOfDelivery(event('DeliveryHeld')), null);
  const ids = [
    event('DeliveryRejected'),
    event('DeliveryNeedsReview', { target: 'lis' }),
    event('DeliveryRejected', { revision: 2 }),
  ].map((one) => {
    const means = alertOfDelivery(one);
    assert.ok(means !== null && 'raised' in means);
    assert.equal(means.raised.patientKey, 'job', 'a job without a patient is its own key');
    return means.raised.alertId;
  });
  assert.equal(new Set(ids).size, 3);
});
