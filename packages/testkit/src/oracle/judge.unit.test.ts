/** The judge finds what is planted, each kind by its own name, and nothing where all is well. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from './judge.ts';
import { formatFindings, formatVerdict } from './print.ts';
import {
  type Evidence,
  type Finding,
  findings,
  isClean,
  type SeenJob,
  type SeenPerson,
  type SeenResult,
  type SentJob,
  type SentMerge,
  type SentPerson,
  type SentResult,
} from './types.ts';

const sentJob = (number: number, changes: Partial<SentJob> = {}): SentJob => ({
  door: 'http',
  orderId: `o${number}`,
  patientKey: 'p',
  lane: 'stat',
  firstSentAt: number * 10,
  acknowledgedAt: number * 10 + 5,
  position: `analysis.requests.stat.v1:0:${number}`,
  expected: { label: 'benign', probability: number / 100 },
  ...changes,
});
const seenJob = (number: number, changes: Partial<SeenJob> = {}): SeenJob => ({
  jobId: `j${number}`,
  orderId: `o${number}`,
  patientKey: 'p',
  status: 'completed',
  label: 'benign',
  probability: number / 100,
  failure: null,
  version: 2,
  ...changes,
});
const sentResult = (version: number, changes: Partial<SentResult> = {}): SentResult => ({
  door: 'mllp',
  observationId: 'r',
  patientKey: 'p',
  version,
  value: version,
  firstSentAt: version * 10,
  acknowledgedAt: version * 10 + 5,
  ...changes,
});
const seenResult = (changes: Partial<SeenResult> = {}): SeenResult => ({
  observationId: 'r',
  patientKey: 'p',
  value: 2,
  version: 2,
  ...changes,
});

const sentPerson = (version: number, changes: Partial<SentPerson> = {}): SentPerson => ({
  door: 'mllp',
  patientKey: 'p',
  familyName: 'P',
  version,
  firstSentAt: version * 10,
  acknowledgedAt: version * 10 + 5,
  ...changes,
});
const seenPerson = (changes: Partial<SeenPerson> = {}): SeenPerson => ({
  patientKey: 'p',
  survivorKey: 'p',
  familyName: 'P',
  version: 2,
  ...changes,
});
const retired = { patientKey: 'old', familyName: 'O', version: 1 };
const merge: SentMerge = { door: 'mllp', patientKey: 'old', survivorKey: 'p', firstSentAt: 30, acknowledgedAt: 35 };

const good: Evidence = {
  jobs: [1, 2, 3].map((number) => sentJob(number)),
  results: [sentResult(1), sentResult(2)],
  people: [sentPerson(1), sentPerson(2), sentPerson(1, retired)],
  merges: [merge],
  finalJobs: [1, 2, 3].map((number) => seenJob(number)),
  finalResults: [seenResult()],
  finalPeople: [seenPerson(), seenPerson({ ...retired, survivorKey: 'p' })],
  shownOrders: null,
  snapshots: [
    {
      patientKey: 'p',
      at: 1,
      jobs: [seenJob(1), seenJob(2, { status: 'queued', version: 1, probability: null })],
      results: [seenResult({ value: 1, version: 1 })],
      person: seenPerson({ version: 1 }),
    },
    { patientKey: 'p', at: 2, jobs: [seenJob(1), seenJob(2)], results: [seenResult()], person: seenPerson() },
  ],
  endsInLog: [['o1', 'o2', 'o3']],
  progressOf: new Map(),
};
const onlyFound = (evidence: Partial<Evidence>): readonly Finding[] => {
  const verdict = judge({ ...good, ...evidence });
  return findings.filter((finding) => verdict.found[finding].length > 0);
};
const replaced = <T>(list: readonly T[], index: number, ...by: readonly T[]): readonly T[] => list.toSpliced(index, 1, ...by);

test('all is well', () => {
  const verdict = judge(good);
  assert.ok(isClean(verdict), formatFindings(verdict).join('\n'));
  assert.equal(verdict.acknowledged, 9);
  assert.equal(verdict.pairs, 2);
  assert.equal(verdict.people, 2);
  assert.match(formatVerdict(verdict), /^acknowledged 9 · lost 0 doubled 0 invented 0 wrong 0 disordered 0 stale 0 half 0 /);
});

test('a planted loss: an acknowledged job that is not there, or never ended', () => {
  assert.deepEqual(onlyFound({ finalJobs: replaced(good.finalJobs, 1) }), ['lost']);
  assert.deepEqual(onlyFound({ finalJobs: replaced(good.finalJobs, 1, seenJob(2, { status: 'queued', version: 1 })) }), ['lost']);
});

test('a planted loss: an acknowledged result that is not there', () => {
  assert.deepEqual(onlyFound({ finalResults: [] }), ['lost']);
});

test('a planted loss: the order of an acknowledged message is not there, though its job is', () => {
  const jobs = good.jobs.map((job) => ({ ...job, door: 'mllp' as const }));
  assert.deepEqual(onlyFound({ jobs, shownOrders: new Set(['o1', 'o2', 'o3']) }), []);
  assert.deepEqual(onlyFound({ jobs, shownOrders: new Set(['o1', 'o3']) }), ['lost']);
  assert.deepEqual(onlyFound({ jobs: jobs.map((job) => ({ ...job, acknowledgedAt: null })), shownOrders: new Set() }), []);
});

test('a planted duplicate: two jobs for one sending, more versions than events, two rows of a result', () => {
  assert.deepEqual(onlyFound({ finalJobs: [...good.finalJobs, seenJob(2, { jobId: 'j9' })] }), ['doubled']);
  assert.deepEqual(onlyFound({ finalJobs: replaced(good.finalJobs, 1, seenJob(2, { version: 3 })) }), ['doubled']);
  assert.deepEqual(
    onlyFound({ finalJobs: replaced(good.finalJobs, 1, seenJob(2, { version: 3 })), progressOf: new Map([['j2', 1]]) }),
    [],
  );
  assert.deepEqual(onlyFound({ finalResults: [seenResult(), seenResult()] }), ['doubled']);
  assert.deepEqual(onlyFound({ finalResults: [seenResult({ version: 3 })] }), ['doubled']);
});

test('a planted invention: a job or a result that nobody sent', () => {
  assert.deepEqual(onlyFound({ finalJobs: [...good.finalJobs, seenJob(9)] }), ['invented']);
  assert.deepEqual(onlyFound({ finalJobs: [...good.finalJobs, seenJob(9, { orderId: null })] }), ['invented']);
  assert.deepEqual(onlyFound({ finalResults: [seenResult(), seenResult({ observationId: 'x' })] }), ['invented']);
  assert.deepEqual(onlyFound({ finalJobs: [...good.finalJobs, seenJob(9)], foreign: new Set(['o9']) }), []);
});

test('a planted wrong payload: probability, label, patient, failure, value', () => {
  for (const changes of [
    { probability: 0.5 },
    { probability: null },
    { label: 'malignant' },
    { patientKey: 'q' },
    { status: 'failed', failure: 'X' },
  ])
    assert.deepEqual(onlyFound({ finalJobs: replaced(good.finalJobs, 1, seenJob(2, changes)) }), ['wrong']);
  assert.deepEqual(onlyFound({ finalResults: [seenResult({ patientKey: 'q' })] }), ['wrong']);
  assert.deepEqual(onlyFound({ finalResults: [seenResult({ value: 7 })] }), ['invented']);
});

test('a failure counts as an end where the fault may cause it', () => {
  const failed = replaced(good.finalJobs, 1, seenJob(2, { status: 'failed', failure: 'X' }));
  assert.ok(isClean(judge({ ...good, finalJobs: failed }, { mayFailWith: ['X'] })));
  assert.ok(!isClean(judge({ ...good, finalJobs: failed }, { mayFailWith: ['Y'] })));
});

test('a planted swap: in the requests, in the results, in what a reader saw', () => {
  const position = 'analysis.requests.stat.v1:0:0';
  assert.deepEqual(onlyFound({ jobs: replaced(good.jobs, 1, sentJob(2, { position })) }), ['disordered']);
  assert.deepEqual(onlyFound({ jobs: replaced(good.jobs, 1, sentJob(2, { position: 'analysis.requests.stat.v1:1:7' })) }), [
    'disordered',
  ]);
  assert.deepEqual(onlyFound({ endsInLog: [['o2', 'o1', 'o3']] }), ['disordered']);
  assert.deepEqual(onlyFound({ endsInLog: [['o1', 'o3'], ['o2']] }), ['disordered']);
  const queued = seenJob(1, { status: 'queued', version: 1, probability: null });
  assert.deepEqual(
    onlyFound({ snapshots: [{ patientKey: 'p', at: 1, jobs: [queued, seenJob(2)], results: [], person: null }] }),
    ['disordered'],
  );
  assert.deepEqual(onlyFound({ snapshots: [{ patientKey: 'p', at: 1, jobs: [seenJob(2)], results: [], person: null }] }), [
    'disordered',
  ]);
});

test('a swap far apart is found through its neighbours', () => {
  assert.deepEqual(onlyFound({ endsInLog: [['o3', 'o1', 'o2']] }), ['disordered']);
});

test('a cut log: what was removed stood before what is there, lost ones have no order, all others are judged', () => {
  const cut = { cutLanes: new Set(['stat'] as const), endsInLog: [['o3']] };
  assert.deepEqual(onlyFound(cut), []);
  assert.deepEqual(onlyFound({ ...cut, endsInLog: [['o3', 'o2']] }), ['disordered']);
  assert.deepEqual(onlyFound({ ...cut, endsInLog: [['o1']] }), ['disordered']);
  const withoutTwo = { finalJobs: replaced(good.finalJobs, 1), snapshots: [] };
  assert.deepEqual(onlyFound({ ...cut, ...withoutTwo, endsInLog: [['o1', 'o3']] }), ['lost']);
  assert.deepEqual(onlyFound({ ...cut, ...withoutTwo, endsInLog: [['o3', 'o1']] }), ['lost', 'disordered']);
  assert.deepEqual(onlyFound({ endsInLog: [['o3']] }), ['disordered']);
});

test('no order is promised across lanes and patients, before the acknowledgement, or by retries of what never was acknowledged', () => {
  const swapped = { endsInLog: [['o2', 'o1', 'o3']] };
  for (const changes of [
    { lane: 'routine' as const, position: null },
    { acknowledgedAt: 25 },
    { acknowledgedAt: null },
    { acknowledgedAt: 100 },
  ]) {
    const jobs = replaced(good.jobs, 0, sentJob(1, changes));
    assert.deepEqual(onlyFound({ ...swapped, jobs }), [], JSON.stringify(changes));
  }
});

test('a repeated A still comes before a B that was sent after its acknowledgement', () => {
  const jobs = replaced(good.jobs, 0, sentJob(1, { firstSentAt: 0, acknowledgedAt: 19 }));
  assert.deepEqual(onlyFound({ jobs, endsInLog: [['o2', 'o1', 'o3']] }), ['disordered']);
});

test('a planted stale state: versions, ends, content or rows that go back', () => {
  const after = (job: SeenJob | null): readonly Finding[] =>
    onlyFound({
      snapshots: [
        ...good.snapshots,
        { patientKey: 'p', at: 3, jobs: [seenJob(1), ...(job ? [job] : [])], results: [seenResult()], person: seenPerson() },
      ],
    });
  assert.deepEqual(after(seenJob(2)), []);
  assert.deepEqual(after(seenJob(2, { version: 1 })), ['stale']);
  assert.deepEqual(after(seenJob(2, { version: 3, status: 'running' })), ['stale']);
  assert.deepEqual(after(seenJob(2, { probability: 0.9 })), ['stale']);
  assert.deepEqual(after(null), ['stale']);
});

test('a planted stale result: an older version stands, or was seen after a newer one', () => {
  assert.deepEqual(onlyFound({ finalResults: [seenResult({ value: 1, version: 1 })] }), ['stale']);
  const back = {
    patientKey: 'p',
    at: 3,
    jobs: [seenJob(1), seenJob(2)],
    results: [seenResult({ value: 1, version: 3 })],
    person: seenPerson(),
  };
  assert.deepEqual(onlyFound({ snapshots: [...good.snapshots, back] }), ['stale']);
});

test('what was not acknowledged is there in full or not at all', () => {
  const jobs = replaced(good.jobs, 2, sentJob(3, { acknowledgedAt: null, position: null }));
  assert.equal(judge({ ...good, jobs }).unacknowledgedThere, 1);
  assert.equal(judge({ ...good, jobs, finalJobs: good.finalJobs.slice(0, 2) }).unacknowledgedAbsent, 1);
  assert.deepEqual(onlyFound({ jobs, finalJobs: good.finalJobs.slice(0, 2), endsInLog: [] }), []);
  assert.deepEqual(onlyFound({ jobs, finalJobs: replaced(good.finalJobs, 2, seenJob(3, { status: 'queued', version: 1 })) }), [
    'half',
  ]);
  const results = replaced(good.results, 1, sentResult(2, { acknowledgedAt: null }));
  assert.equal(judge({ ...good, results }).unacknowledgedThere, 1);
  assert.equal(judge({ ...good, results, finalResults: [seenResult({ value: 1, version: 1 })] }).unacknowledgedAbsent, 1);
});

/** What the API shows in the end of the person p, and of the record that was merged into it. */
const people = (person: Partial<SeenPerson>, old: Partial<SeenPerson> = {}): Partial<Evidence> => ({
  finalPeople: [seenPerson(person), seenPerson({ ...retired, survivorKey: 'p', ...old })],
});

test('a planted loss: an acknowledged registration or merge that does not show', () => {
  assert.deepEqual(onlyFound({ finalPeople: good.finalPeople.slice(1) }), ['lost']);
  assert.deepEqual(onlyFound(people({ version: null, familyName: null })), ['lost']);
  assert.deepEqual(onlyFound(people({}, { survivorKey: 'old' })), ['lost']);
});

test('a planted stale person: an older update stands, or was seen after a newer one', () => {
  assert.deepEqual(onlyFound(people({ version: 1 })), ['stale']);
  const back = (person: SeenPerson | null): Partial<Evidence> => ({
    snapshots: [...good.snapshots, { patientKey: 'p', at: 3, jobs: [seenJob(1), seenJob(2)], results: [seenResult()], person }],
  });
  assert.deepEqual(onlyFound(back(seenPerson())), []);
  assert.deepEqual(onlyFound(back(seenPerson({ version: 1 }))), ['stale']);
  assert.deepEqual(onlyFound(back(null)), ['stale']);
});

test('a planted wrong person: another name, another survivor; a planted invention: an update or a merge nobody sent', () => {
  assert.deepEqual(onlyFound(people({ familyName: 'Q' })), ['wrong']);
  assert.deepEqual(onlyFound(people({}, { survivorKey: 'q' })), ['wrong']);
  assert.deepEqual(onlyFound(people({ version: 3 })), ['invented']);
  assert.deepEqual(onlyFound(people({ survivorKey: 'q' })), ['invented']);
});

test('an update or a merge that was not acknowledged may show or not', () => {
  const open = {
    people: replaced(good.people, 1, sentPerson(2, { acknowledgedAt: null })),
    merges: [{ ...merge, acknowledgedAt: null }],
  };
  assert.deepEqual(onlyFound(open), []);
  assert.deepEqual(onlyFound({ ...open, ...people({ version: 1 }, { survivorKey: 'old' }), snapshots: [] }), []);
  assert.equal(judge({ ...good, ...open }).unacknowledgedThere, 1);
});
