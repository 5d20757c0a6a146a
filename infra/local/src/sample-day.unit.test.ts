import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shortfalls } from './delivered.ts';
import { pick, readSampleDay, substitute } from './sample-day.ts';
import { repositoryRoot } from './services.ts';
import { deliveredText, isComplete, percentile, summaryLine } from './summary.ts';

test('kept values stand in for their names; an unknown name is an error', () => {
  const of = (name: string): string => `\${${name}}`;
  assert.equal(substitute(`/v1/analyses/${of('job')}?n=${of('n')}`, { job: 'a', n: '2' }), '/v1/analyses/a?n=2');
  assert.throws(() => substitute(of('jbo'), { job: 'a' }), /jbo/);
});

test('picks along a dotted path', () => {
  assert.equal(pick('links.self', { links: { self: 'x' } }), 'x');
  assert.equal(pick('links.self', { links: null }), undefined);
});

test('the committed day can be read, and no two steps carry one name', () => {
  const { steps } = readSampleDay(`${repositoryRoot}samples/day.json`);
  assert.ok(steps.length > 0);
  assert.equal(new Set(steps.map(({ name }) => name)).size, steps.length);
});

test('the summary says ok only when every step went as expected', () => {
  const steps = [
    { name: 'a', why: null },
    { name: 'b', why: 'answered 500' },
  ];
  const day = { title: '', steps, accepted: 3, ended: new Map([['completed', 2]]), visibleMs: [30, 10, 20], firstAcceptedAt: 0 };
  assert.equal(isComplete(day), false);
  assert.equal(
    summaryLine(day),
    'FAILED: 1 of 2 steps as expected; 3 accepted, 2 completed, 0 failed, accepted to visible p50 20 ms p99 30 ms',
  );
  assert.match(summaryLine({ ...day, steps: steps.slice(0, 1) }), /^ok: 1 of 1/);
  assert.equal(percentile([1, 2, 3, 4], 0.5), 2);
});

test('what is missing outside is named, fails the day, and stands in the last line', () => {
  assert.deepEqual(shortfalls('FHIR server', { ServiceRequest: 3, Patient: 1 }, { ServiceRequest: 2, Patient: 4 }), [
    'FHIR server: 2 ServiceRequest of 3',
  ]);
  const day = { title: '', steps: [], accepted: 0, ended: new Map(), visibleMs: [], firstAcceptedAt: null };
  const delivered = { fhir: { Patient: 4, Task: 0 }, lis: { orders: 3 }, record: null, missing: [] };
  assert.match(summaryLine(day, delivered), /^ok: .*; 4 resources in FHIR, 3 orders in the laboratory$/);
  assert.match(summaryLine(day, { ...delivered, missing: ['FHIR server: away'] }), /^FAILED: .*, 1 not as expected$/);
  assert.match(deliveredText({ ...delivered, missing: ['FHIR server: away'] }), /4 Patient\nmissing {3}FHIR server: away/);
});
