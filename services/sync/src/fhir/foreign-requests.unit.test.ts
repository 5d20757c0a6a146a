import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ids } from '../domain/fhir/ids.ts';
import { polledOrderOf, referToForeign } from './foreign-requests.ts';
import type { Resource } from './resource.ts';
import { workOf } from './testing/works.ts';

const own = `ServiceRequest/${ids.serviceRequest('order-1')}`;
const request: Resource = { resourceType: 'ServiceRequest', id: ids.serviceRequest('order-1') };
const result = {
  resourceType: 'Observation',
  id: 'o',
  basedOn: [{ reference: own }, { reference: 'ServiceRequest/other' }],
  note: [{ text: own }],
};

test('an order made on the server is referred to there and not written a second time', () => {
  const { resources, held } = referToForeign(
    { resources: [request, result], held: 'REVIEW_PENDING' },
    'order-1',
    'ServiceRequest/sr-9',
  );
  const basedOn = [{ reference: 'ServiceRequest/sr-9' }, { reference: 'ServiceRequest/other' }];
  assert.deepEqual([resources, held], [[{ ...result, basedOn }], 'REVIEW_PENDING']);
});

test('only orders the poller brought in are looked up', () => {
  const order = (requestedBy: string) => ({ requestedBy }) as never;
  const observation = workOf({ id: 'o', value: 1, version: 1 });
  assert.equal(polledOrderOf(observation), null);
  assert.equal(polledOrderOf({ ...observation, related: { ...observation.related, order: order('OCS') } }), null);
  assert.ok(polledOrderOf({ ...observation, related: { ...observation.related, order: order('fhir') } }));
  assert.ok(polledOrderOf({ ...observation, subject: { kind: 'order', state: order('fhir') } }));
});
