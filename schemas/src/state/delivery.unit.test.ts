import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deliveriesOf, fold, withoutVersion } from '../../test/deliveries.ts';
import type { DeliveryEvent, DeliveryEventType } from '../generated/types.ts';
import { deliveryEventIdOf, deliveryIdOf, reduceDelivery } from './delivery.ts';

const types = ['DeliveryDelivered', 'DeliveryRejected', 'DeliveryNeedsReview', 'DeliveryHeld'] as const;

const delivery = (type: DeliveryEventType, revision: number): DeliveryEvent => ({
  type,
  target: 'fhir',
  subjectKind: 'order',
  subjectId: 'order-1',
  patientKey: 'h|a|1',
  revision,
  contentDigest: `digest-${revision}`,
  remoteId: null,
  remoteVersion: null,
  acknowledgement: '200',
  code: null,
  attempts: 1,
  subjectVersion: revision,
  changedAt: revision * 10,
  // Clocks of two instances differ.
  at: 1000 - revision,
});

/** The ledger gives each outcome a revision of its own. */
const anyEvent = fc.integer({ min: 1, max: 8 }).map((revision) => delivery(types[revision % 4] ?? 'DeliveryHeld', revision));

test('any order and repetition of the outcomes gives the same state: the highest revision', () => {
  fc.assert(
    fc.property(deliveriesOf(fc.array(anyEvent, { minLength: 1, maxLength: 10 })), ({ plain, shuffled }) => {
      const state = fold(reduceDelivery, shuffled);
      assert.deepEqual(withoutVersion(state), withoutVersion(fold(reduceDelivery, plain)));
      assert.equal(state?.revision, Math.max(...plain.map(({ revision }) => revision)));
      for (const event of plain) assert.equal(reduceDelivery(state, event), state);
    }),
  );
});

test('each type of event is an outcome, and one this build does not know changes nothing', () => {
  const outcomes = types.map((type) => reduceDelivery(null, delivery(type, 1))?.outcome);
  assert.deepEqual(outcomes, ['delivered', 'rejected', 'needs_review', 'held']);
  const state = reduceDelivery(null, delivery('DeliveryHeld', 1));
  assert.equal(reduceDelivery(state, delivery('Unknown', 2)), state);
});

test('one outcome is one event however often it is told; another revision or target is another', () => {
  const told = delivery('DeliveryHeld', 1);
  assert.equal(deliveryEventIdOf(told), deliveryEventIdOf({ ...told }));
  assert.notEqual(deliveryEventIdOf(told), deliveryEventIdOf({ ...told, revision: 2 }));
  assert.notEqual(deliveryEventIdOf(told), deliveryEventIdOf({ ...told, target: 'lis' }));
  assert.equal(deliveryIdOf(told), deliveryIdOf(delivery('DeliveryRejected', 9)));
});
