/** What holds of every rendering, whatever happened and in whatever order it was told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AnalysisEvent,
  type ObservationEvent,
  type ObservationStatus,
  type OrderEvent,
  reduceAnalysis,
  reduceObservation,
  reduceOrder,
} from '@clinstream/contracts';
import fc from 'fast-check';
import { deliveriesOf, fold } from '../../../../../schemas/test/deliveries.ts';
import type { Subject } from '../subject.ts';
import { deviceFor } from './device.ts';
import { ids, referenceTo } from './ids.ts';
import { render } from './render.ts';
import { canonicalDigest } from './source-version.ts';
import {
  at,
  type ContextChange,
  canary,
  context,
  ended,
  keysOf,
  models,
  observationEvent,
  order,
  orderEvent,
  patient,
  requested,
  reviewed,
  settings,
} from './testing/states.ts';
import type { RenderContext } from './types.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', ' ', canary.residentNumber, '<b>', '음성', '\u0000'),
);
const orNull = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null });
const version = fc.integer({ min: 1, max: 9 }).map(at);

const orderTypes = [
  'OrderPlaced',
  'OrderAmended',
  'OrderCancelRequested',
  'OrderCancelRefused',
  'OrderCancelled',
  'OrderCompleted',
  'OrderSpecimenRejected',
] as const;
const orderEvents: fc.Arbitrary<OrderEvent[]> = fc.array(
  fc
    .record({
      type: fc.constantFrom(...orderTypes),
      sourceVersion: version,
      kind: fc.constantFrom('laboratory', 'imaging', 'medication', 'ai_analysis', 'unknown'),
      priority: fc.constantFrom('unknown', 'routine', 'urgent', 'asap', 'stat'),
      code: fc.record({ code: text, system: text, display: orNull(text) }),
      note: orNull(text),
      fillerNumber: orNull(text),
      specimen: orNull(
        fc.record({
          id: orNull(text),
          code: orNull(fc.record({ code: text, system: text, display: orNull(text) })),
          collectedAt: orNull(text),
        }),
      ),
      orderingProvider: orNull(fc.record({ id: text, authority: orNull(text) })),
      specimenRejectReasons: fc.array(text, { maxLength: 2 }),
      contentDigest: fc.constantFrom('a', 'b'),
    })
    .map((change) => orderEvent(change)),
  { minLength: 1, maxLength: 6 },
);

const observationStatuses: readonly ObservationStatus[] = [
  'unknown',
  'registered',
  'preliminary',
  'final',
  'amended',
  'corrected',
  'cancelled',
  'entered_in_error',
];
const observationEvents: fc.Arbitrary<ObservationEvent[]> = fc.array(
  fc
    .record({
      sourceVersion: version,
      status: fc.constantFrom(...observationStatuses),
      orderId: fc.constantFrom(null, 'order-1'),
      code: fc.record({ code: text, system: text, display: orNull(text) }),
      value: fc.record({
        numeric: orNull(fc.double()),
        comparator: orNull(fc.oneof(text, fc.constantFrom('<', '>='))),
        text: orNull(text),
        unit: orNull(text),
      }),
      abnormalFlag: orNull(fc.oneof(text, fc.constantFrom('L', 'HH', '__proto__', 'toString'))),
      referenceRange: orNull(fc.oneof(text, fc.constantFrom('1-5', '<5'))),
      effectiveAt: orNull(fc.oneof(text, fc.constant('2026-11-20T08:50+09:00'))),
    })
    .map((change) => observationEvent(change)),
  { minLength: 1, maxLength: 4 },
);

const run = fc.record({ generation: fc.integer({ min: 1, max: 3 }), attempt: fc.integer({ min: 1, max: 2 }) });
/** Of one run there is one end, whenever it is told. */
const endOf = (model: string, { generation, attempt }: { readonly generation: number; readonly attempt: number }) => {
  const hasFailed = attempt === 2 && generation === 2;
  const shared = { generation, attempt, model, startedAt: at(10 * generation + 1), endedAt: at(10 * generation + 1 + attempt) };
  if (hasFailed)
    return ended({
      ...shared,
      type: 'AnalysisFailed',
      prediction: null,
      evidence: null,
      failure: { code: 'MODEL_TIMEOUT', input: null },
    });
  return ended({
    ...shared,
    prediction: { label: generation === 2 ? 'benign' : 'malignant', probability: generation / 7, margin: null },
    ...(attempt === 2 ? { evidence: null } : {}),
  });
};
/** A job's model is the same in all its events. */
const analysisEvents: fc.Arbitrary<AnalysisEvent[]> = fc.constantFrom(...models.map(({ name }) => name)).chain((model) =>
  fc.array(
    fc.oneof(
      fc
        .integer({ min: 1, max: 3 })
        .map((generation) => requested({ generation, model, orderId: 'order-1', requestedAt: at(10 * generation) })),
      run.map((of) => endOf(model, of)),
      fc
        .record({
          of: run,
          type: fc.constantFrom('AnalysisApproved', 'AnalysisRejected'),
          moment: fc.integer({ min: 50, max: 60 }),
        })
        .map(({ of, type, moment }) =>
          reviewed(endOf(model, of), { type, at: at(moment), comment: canary.demographics.familyName }),
        ),
    ),
    { minLength: 1, maxLength: 8 },
  ),
);

const contexts: fc.Arbitrary<RenderContext> = fc
  .record({
    releaseUnreviewed: fc.boolean(),
    writePatient: fc.boolean(),
    writeTasks: fc.boolean(),
    patientReference: fc.constantFrom(null, 'Patient/hospital-7'),
    isMerged: fc.boolean(),
    inputs: observationEvents,
    hasOrder: fc.boolean(),
  })
  .map(({ patientReference, isMerged, inputs, hasOrder, ...changed }) => {
    const input = fold(reduceObservation, inputs);
    const change: ContextChange = {
      settings: changed,
      patientReference,
      related: {
        patient: patient(isMerged ? { mergedInto: 'HANEUL|HIS|2' } : {}),
        order: hasOrder ? order({}) : null,
        observations: input === null ? [] : [input],
      },
    };
    return context(change);
  });

const toSubject = {
  order: (events: readonly OrderEvent[]): Subject | null => ofState('order', fold(reduceOrder, events)),
  observation: (events: readonly ObservationEvent[]): Subject | null => ofState('observation', fold(reduceObservation, events)),
  analysis: (events: readonly AnalysisEvent[]): Subject | null => ofState('analysis', fold(reduceAnalysis, events)),
} as const;
const ofState = (kind: Subject['kind'], state: unknown): Subject | null => (state === null ? null : ({ kind, state } as Subject));

const anySubject: fc.Arbitrary<Subject> = fc
  .oneof(orderEvents.map(toSubject.order), observationEvents.map(toSubject.observation), analysisEvents.map(toSubject.analysis))
  .filter((subject) => subject !== null);

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
