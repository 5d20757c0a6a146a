/** What a reply means, as a table; and that no reply at all is without a meaning. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { answerOf, outcomeKept } from './answer.ts';
import { parseVersion } from './bundle.ts';
import { isObject } from './json.ts';
import type { Entry } from './plan.ts';

const entry = (id: string): Entry => ({
  key: `Observation/${id}`,
  resource: { resourceType: 'Observation', id },
  digest: id,
  ifMatch: null,
});
const entries = [entry('a'), entry('b')];
const answer = (status: string, location: string, etag?: string) => ({
  response: { status, location, ...(etag ? { etag } : {}) },
});
const response = (...entry: unknown[]) => ({ resourceType: 'Bundle', type: 'transaction-response', entry });
const good = response(
  answer('201 Created', 'Observation/a/_history/1', 'W/"1"'),
  answer('200 OK', 'http://host/fhir/Observation/b/_history/7'),
);
const outcome = { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'invalid' }] };

const kindOf = (status: number, resource: unknown) => {
  const found = answerOf({ status, etag: null, resource: isObject(resource) ? resource : null }, entries);
  return found.kind === 'odd' ? found.code : found.kind;
};

test('every status has its meaning', () => {
  const table: readonly (readonly [number, unknown, string])[] = [
    [200, good, 'written'],
    [201, good, 'written'],
    [409, outcome, 'conflict'],
    [412, outcome, 'conflict'],
    [400, outcome, 'invalid'],
    [413, null, 'invalid'],
    [422, outcome, 'invalid'],
    ...[204, 301, 302, 307, 404, 405, 410, 418, 423, 500, 501, 507, 599].map(
      (status) => [status, outcome, 'FHIR_UNEXPECTED_STATUS'] as const,
    ),
  ];
  for (const [status, resource, meaning] of table) assert.equal(kindOf(status, resource), meaning, String(status));
});

test('the versions come from the ETag, else from the location', () => {
  const found = answerOf({ status: 200, etag: null, resource: good }, entries);
  assert.ok(found.kind === 'written');
  assert.deepEqual(
    [...found.versions],
    [
      ['Observation/a', '1'],
      ['Observation/b', '7'],
    ],
  );
});

test('a 200 that is not one answer per entry proves nothing', () => {
  const first = answer('200 OK', 'Observation/a/_history/1');
  const wrong = [
    null,
    {},
    outcome,
    response(),
    response(first),
    response(first, first),
    response(first, answer('404 Not Found', 'Observation/b/_history/1')),
    response(first, answer('200 OK', 'Observation/bb/_history/1')),
    response(first, null),
    response(first, first, first),
    { ...good, type: 'batch-response' },
    { ...good, entry: 'many' },
  ];
  for (const resource of wrong) assert.equal(kindOf(200, resource), 'FHIR_REPLY_UNREADABLE', JSON.stringify(resource));
});

test('total: any status with any JSON has a meaning', () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 999 }), fc.object({ maxDepth: 3 }), (status, body) => {
      assert.ok(kindOf(status, body).length > 0);
      assert.ok(kindOf(200, { resourceType: 'Bundle', type: 'transaction-response', ...body }).length > 0);
    }),
  );
});

test('of an OperationOutcome a few kilobytes are kept, whatever its size', () => {
  const huge = {
    resourceType: 'OperationOutcome',
    issue: Array.from({ length: 500 }, () => ({
      severity: 'error',
      code: 'invalid',
      diagnostics: 'x'.repeat(50_000),
      expression: Array.from({ length: 100 }, () => 'Observation.status'),
      details: { text: 'y'.repeat(50_000) },
    })),
  };
  assert.ok(JSON.stringify(outcomeKept(huge)).length < 60_000);
  assert.equal(outcomeKept({ resourceType: 'Patient' }), null);
});

test('versions are read from weak and strong tags only', () => {
  assert.deepEqual(
    ['W/"3"', '"3"', ' W/"a-1.2" ', '3', 'W/3', '"', '"a b"'].map((etag) => parseVersion(etag)),
    ['3', '3', 'a-1.2', null, null, null, null],
  );
});
