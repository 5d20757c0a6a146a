/** What holds of every rendering, whatever happened and in whatever order it was told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deliveriesOf } from '../../../../../schemas/test/deliveries.ts';
import { deviceFor } from './device.ts';
import { ids, referenceTo } from './ids.ts';
import { render } from './render.ts';
import { canonicalDigest } from './source-version.ts';
import { analysisEvents, anySubject, contexts, toSubject } from './testing/arbitraries.ts';
import { canary, keysOf, models, settings } from './testing/states.ts';

/** Every member of a resource, with its name. */
function* membersOf(value: unknown, name = ''): Generator<readonly [name: string, value: unknown]> {
  yield [name, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) yield* membersOf(member, Array.isArray(value) ? name : key);
}

const referencesIn = (resource: object): readonly string[] =>
  [...membersOf(resource)].flatMap(([name, value]) =>
    name === 'reference' && typeof value === 'string' && !value.includes('://') ? [value] : [],
  );

test('no birth date, name, sex or resident registration number in any rendering', () => {
  fc.assert(
    fc.property(anySubject, contexts, (subject, of) => {
      const said = JSON.stringify(render(subject, of));
      for (const secret of ['Canaryson', 'Tweety', '1974', canary.residentNumber]) assert.ok(!said.includes(secret), secret);
      assert.doesNotMatch(said, /"(birthDate|gender|name|given|family)":/);
    }),
    { numRuns: 300 },
  );
});

test('the same state gives the same text, and an object of its own', () => {
  fc.assert(
    fc.property(anySubject, contexts, (subject, of) => {
      const before = JSON.stringify([subject, of]);
      assert.equal(JSON.stringify(render(subject, of)), JSON.stringify(render(structuredClone(subject), structuredClone(of))));
      assert.equal(JSON.stringify([subject, of]), before);
    }),
    { numRuns: 200 },
  );
});

/** Two ends or contents of equal rank are the log's order to tell apart: one event per rank. */
const oneOfEach = <E>(events: fc.Arbitrary<E[]>, rank: (event: E) => string): fc.Arbitrary<E[]> =>
  events.map((all) => [...new Map(all.map((one) => [rank(one), one])).values()]);

test('a replay in any order and number says the same, so nothing is sent', () => {
  const distinct = oneOfEach(analysisEvents, (event) =>
    JSON.stringify([
      event.type === 'AnalysisRequested' ? 'request' : event.type,
      event.generation,
      'attempt' in event ? event.attempt : 0,
      'reviewer' in event ? event.at : 0,
    ]),
  );
  fc.assert(
    fc.property(deliveriesOf(distinct), contexts, ({ plain, shuffled }, of) => {
      const [first, again] = [plain, shuffled].map((events) => toSubject.analysis(events));
      if (!first || !again) return;
      assert.equal(canonicalDigest(render(again, of)), canonicalDigest(render(first, of)));
    }),
    { numRuns: 300 },
  );
});

test('what was delivered and has not changed is rendered as it was: withdrawals stay withdrawn, results stay', () => {
  fc.assert(
    fc.property(anySubject, contexts, fc.boolean(), (subject, of, wasReleased) => {
      const jobs = wasReleased
        ? [
            `DiagnosticReport/${ids.report('job-1')}`,
            `RiskAssessment/${ids.risk('job-1')}`,
            `Observation/${ids.prediction('job-1')}`,
          ]
        : [];
      const first = render(subject, { ...of, delivered: jobs });
      const delivered = [...new Set([...jobs, ...keysOf(first)])];
      const second = render(subject, { ...of, delivered });
      assert.equal(canonicalDigest(second.resources), canonicalDigest(first.resources));
      assert.equal(second.held, first.held);
    }),
    { numRuns: 300 },
  );
});

test('what is referred to stands before what refers to it, or is another subject’s, or a Device', () => {
  const devices = models.map((model) => referenceTo(deviceFor(model, settings)));
  const others = [
    `Observation/${ids.observation('observation-1')}`,
    `ServiceRequest/${ids.serviceRequest('order-1')}`,
    `Specimen/${ids.specimen('order-1')}`,
  ];
  fc.assert(
    fc.property(anySubject, contexts, (subject, of) => {
      const known = new Set([...devices, ...others, 'Patient/hospital-7']);
      const { resources } = render(subject, of);
      for (const one of resources) {
        for (const reference of referencesIn(one)) assert.ok(known.has(reference), `${one.resourceType} -> ${reference}`);
        known.add(referenceTo(one));
      }
    }),
    { numRuns: 300 },
  );
});

function saysSomething(value: unknown): boolean {
  if (typeof value === 'string') return value !== '' && value.trim() === value && value.isWellFormed();
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return typeof value === 'boolean' || Number.isFinite(value);
}

test('ids are fit, no resource twice, and nothing says nothing', () => {
  fc.assert(
    fc.property(anySubject, contexts, (subject, of) => {
      const { resources, held } = render(subject, of);
      assert.equal(new Set(resources.map(referenceTo)).size, resources.length);
      assert.ok(resources.length > 0 || held !== null);
      for (const one of resources) {
        assert.match(one.id ?? '', /^[A-Za-z0-9.-]{1,64}$/);
        assert.doesNotMatch(one.id ?? '', /^\d+$/);
        for (const [name, value] of membersOf(one)) assert.ok(saysSomething(value), name);
      }
    }),
    { numRuns: 500 },
  );
});

test('before anybody approved, no prediction leaves', () => {
  const unapproved = analysisEvents.map((events) => events.filter(({ type }) => type !== 'AnalysisApproved'));
  fc.assert(
    fc.property(unapproved, contexts, (events, of) => {
      const subject = toSubject.analysis(events);
      if (subject === null) return;
      const { resources } = render(subject, { ...of, settings: { ...of.settings, releaseUnreviewed: false } });
      assert.doesNotMatch(JSON.stringify(resources), /malignant|benign|probability|log-odds/);
    }),
    { numRuns: 300 },
  );
});
