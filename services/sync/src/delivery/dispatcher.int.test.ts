/** Intake, ledger and dispatcher against a real Postgres, with a target that fails as told. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { observationIdUnder } from '@clinstream/contracts';
import { waitFor } from '@clinstream/testkit';
import {
  merged,
  observed,
  onObservations,
  onOrders,
  onPatients,
  onRedeliveries,
  onRequests,
  ordered,
  redelivery,
  requested,
  today,
} from '../../test/events.ts';
import { away, deliverProperly } from '../../test/scripted-target.ts';
import { type SideUnderTest, sideUnderTest } from '../../test/side-under-test.ts';
import { resetState } from '../intake/sql/reset-state.ts';
import type { Ledger } from '../ledger/ledger.ts';

let under: SideUnderTest;
before(async () => {
  under = await sideUnderTest();
});
after(() => under?.end());
beforeEach(() => under.reset());

const until = (condition: () => boolean | Promise<boolean>, what: string) =>
  waitFor(async () => condition(), { what, deadlineMs: 15_000 });
const ids = () => under.outside.told.map(({ id }) => id);

test('a change is delivered once and told once, with its remote id', async () => {
  const one = under.instance();
  await one.start();
  await under.feed(onOrders(0, ordered('o1')));
  await under.settled();
  assert.deepEqual(under.outside.shown('o1'), ['active']);
  const row = await under.ledgerOf('o1');
  assert.deepEqual(
    [row?.['outcome'], row?.['remote_id'], row?.['revision'], row?.['intent_digest']],
    ['delivered', 'remote-o1', 1, null],
  );
  assert.deepEqual(
    under.published.map(({ type, subjectId, revision, remoteId }) => [type, subjectId, revision, remoteId]),
    [['DeliveryDelivered', 'o1', 1, 'remote-o1']],
  );
});

test('what waits while the target is away is one delivery of the current state, in the order of kinds', async () => {
  const one = under.instance();
  one.target.isAway = true;
  await one.start();
  await under.feed(
    onObservations(0, observed('v1', { orderId: 'o1' })),
    onRequests(0, requested('j1', { orderId: 'o1', inputObservations: ['v1'] })),
    onOrders(0, ordered('o1')),
    onOrders(1, ordered('o1', { type: 'OrderAmended', sourceVersion: today + 1, note: 'x' })),
    onOrders(2, ordered('o1', { type: 'OrderCancelled', sourceVersion: today + 2 })),
  );
  await until(() => one.target.probes >= 2, 'the probe has asked twice');
  assert.equal(one.dispatcher.readiness().ready, false);
  assert.deepEqual(ids(), []);
  one.target.isAway = false;
  await under.settled();
  assert.deepEqual(ids(), ['o1', 'v1', 'j1']);
  assert.deepEqual(under.outside.shown('o1'), ['cancelled']);
  const job = under.outside.told[2]?.work;
  assert.equal(job?.related.order?.orderId, 'o1');
  assert.deepEqual(
    job?.related.observations.map(({ observationId }) => observationId),
    ['v1'],
  );
  assert.equal((await under.ledgerOf('o1'))?.['attempts'], 0, 'an absent target counts no attempt');
});

test('a target that is away in the middle opens the breaker; what was in its hands waits and goes when it is back', async () => {
  const one = under.instance();
  await one.start();
  await under.feed(onOrders(0, ordered('o1')));
  await under.settled();
  one.target.isAway = true;
  for (let n = 2; n <= 6; n++) await under.feed(onOrders(n - 1, ordered(`o${n}`, { patientKey: `H1|MRN|${n}` })));
  await until(() => !one.dispatcher.readiness().ready, 'the target is found away');
  one.target.isAway = false;
  await under.settled();
  assert.deepEqual(ids().sort(), ['o1', 'o2', 'o3', 'o4', 'o5', 'o6']);
});

test('a replay of everything sends nothing and changes nothing, and tells the same events once more', async () => {
  const one = under.instance();
  await one.start();
  const log = [
    onOrders(0, ordered('o1')),
    onOrders(1, ordered('o1', { type: 'OrderCancelRequested', sourceVersion: today + 1 })),
    onObservations(0, observed('v1', { orderId: 'o1' })),
    onRequests(0, requested('j1', { inputObservations: ['v1'] })),
  ];
  for (const placed of log) {
    await under.feed(placed);
    await under.settled();
  }
  const sent = under.outside.told.length;
  const revisions = () => under.rows('SELECT id, revision, digest FROM sync.deliveries ORDER BY id');
  const before = await revisions();
  const told = new Set(under.eventIds());
  under.published.length = 0;
  await under.rewind();
  for (const placed of log) await under.feed(placed);
  await until(() => new Set(under.published.map(({ subjectId }) => subjectId)).size === 3, 'all are told again');
  await under.settled();
  assert.equal(under.outside.told.length, sent);
  assert.deepEqual(await revisions(), before);
  assert.ok(
    under.eventIds().every((id) => told.has(id)),
    'no new event id',
  );
});

test('a state rebuilt from the log is shown to nobody before the log is read; then nothing is sent', async () => {
  const one = under.instance();
  await one.start();
  const log = [onOrders(0, ordered('o1')), onOrders(1, ordered('o1', { type: 'OrderCancelled', sourceVersion: today + 1 }))];
  await under.feed(...log);
  await under.settled();
  await resetState(under.postgres, 'fhir');
  await under.intake.startAt(
    'cluster-1',
    under.wholeLog(2).filter(({ topic }) => topic === 'clinical.orders.v1'),
  );
  await under.feed(onOrders(0, ordered('o1')));
  assert.equal((await under.ledgerOf('o1'))?.['waiting'], true);
  assert.deepEqual(await one.ledger.claim(10), [], 'half rebuilt, nobody may claim');
  await under.feed(onOrders(1, ordered('o1', { type: 'OrderCancelled', sourceVersion: today + 1 })));
  await under.settled();
  assert.deepEqual(under.outside.shown('o1'), ['cancelled']);
  assert.equal((await under.ledgerOf('o1'))?.['revision'], 1);
});

test('a wiped or another Kafka under a kept Postgres is refused, with the way out', async () => {
  await under.feed(onOrders(0, ordered('o1')));
  await assert.rejects(under.intake.startAt('cluster-2', under.wholeLog()), { code: 'SYNC_OTHER_LOG', kind: 'fatal' });
  await under.rows(`UPDATE sync.target_offset SET updated_at = now() - interval '1 minute'`);
  await assert.rejects(under.intake.startAt('cluster-1', under.wholeLog()), (error: Error) => {
    assert.match(error.message, /wiped or restored.*--yes-drop-state/);
    return true;
  });
});

test('a crash between intent and outcome: the next holder sees the intent, and the first writes nothing any more', async () => {
  const dying = under.instance({ leaseMs: 300, change: (ledger) => ({ ...ledger, renew: () => new Promise(() => {}) }) });
  const resumed = Promise.withResolvers<void>();
  dying.target.behave(async (works, context) => {
    const verdicts = await deliverProperly(under.outside)(works, context);
    await resumed.promise;
    return verdicts.map((verdict) => ({ ...verdict, remoteId: 'from a zombie' }) as typeof verdict);
  });
  await dying.start();
  await under.feed(onOrders(0, ordered('o1')));
  await until(() => ids().length === 1, 'the first has sent');
  dying.dispatcher.quiesce?.();
  const next = under.instance();
  let seen: unknown = null;
  next.target.behave(async (works, context) => {
    seen = works[0]?.intent?.digest;
    under.outside.told.length = 0;
    under.outside.faults.length = 0;
    return deliverProperly(under.outside)(works, context);
  });
  await next.start();
  await under.settled();
  assert.equal(seen, (await under.ledgerOf('o1'))?.['digest']);
  resumed.resolve();
  await until(
    async () => (await dying.telemetry.registry.metrics()).includes('clinstream_sync_fenced_writes_total{target="fhir"} 1'),
    'the zombie is refused',
  );
  const row = await under.ledgerOf('o1');
  assert.deepEqual([row?.['remote_id'], row?.['revision']], ['remote-o1', 1]);
  assert.equal(under.published.length, 1);
});

test('a crash between outcome and publish: the sweep tells it', async () => {
  const one = under.instance({ sweepAfterMs: 0 });
  await one.dispatcher.start();
  under.kafka.isAway = true;
  await under.feed(onOrders(0, ordered('o1')));
  await until(async () => (await under.ledgerOf('o1'))?.['revision'] === 1, 'the outcome stands in the ledger');
  await one.dispatcher.stop(AbortSignal.timeout(5_000));
  assert.equal(under.published.length, 0);
  under.kafka.isAway = false;
  const next = under.instance();
  await next.start();
  await under.settled();
  assert.deepEqual(
    under.published.map(({ revision }) => revision),
    [1],
  );
  assert.equal(under.outside.told.length, 1);
});

test('many instances never have one patient in flight twice, and every patient gets everything in order', async () => {
  const instances = [under.instance(), under.instance(), under.instance()];
  for (const { target } of instances)
    target.behave(async (works, context) => {
      await new Promise((resolve) => setImmediate(resolve));
      return deliverProperly(under.outside)(works, context);
    });
  for (const one of instances) await one.start();
  const patients = Array.from({ length: 8 }, (_, index) => `H1|MRN|${index}`);
  let offset = 0;
  for (let version = 1; version <= 6; version++)
    for (const patientKey of patients) {
      const change = { patientKey, sourceVersion: today + version, note: `v${version}` };
      await under.feed(
        onOrders(offset++, ordered(`o-${patientKey}`, { type: version === 1 ? 'OrderPlaced' : 'OrderAmended', ...change })),
      );
    }
  await under.settled();
  assert.deepEqual(under.outside.faults, []);
  for (const patientKey of patients) {
    const notes = under.outside.told
      .filter((one) => one.patientKey === patientKey)
      .map(({ work }) => (work.subject.kind === 'order' ? work.subject.state.note : ''));
    assert.deepEqual(notes, [...notes].sort(), patientKey);
    assert.equal(notes.at(-1), 'v6');
  }
});

test('one patient that fails is tried again until it works; the others do not wait for it', async () => {
  const one = under.instance({ maxAttempts: 3 });
  let failures = 0;
  one.target.behave(async (works, context) => {
    if (works[0]?.id !== 'o1' || failures === 2) return deliverProperly(under.outside)(works, context);
    failures++;
    return works.map(() => ({ outcome: 'retry', afterMs: 0, code: 'VERSION_CONFLICT' }));
  });
  await one.start();
  await under.feed(onOrders(0, ordered('o1')), onOrders(1, ordered('o2', { patientKey: 'H1|MRN|2' })));
  await under.settled();
  assert.deepEqual(ids(), ['o2', 'o1']);
  assert.equal(under.published.find(({ subjectId }) => subjectId === 'o1')?.attempts, 3);
});

test('a patient that never works needs review after the last try, keeps what was said in the ledger only, and goes with the next change', async () => {
  const one = under.instance({ maxAttempts: 2 });
  one.target.behave(async (works) => works.map(() => ({ outcome: 'retry', afterMs: 0, code: 'VERSION_CONFLICT' })));
  await one.start();
  await under.feed(onOrders(0, ordered('o1')));
  await under.settled();
  assert.deepEqual(
    under.published.map(({ type, code, attempts }) => [type, code, attempts]),
    [['DeliveryNeedsReview', 'VERSION_CONFLICT', 2]],
  );
  const detail = { resourceType: 'OperationOutcome', text: 'canary \u0000' };
  one.target.behave(async (works) =>
    works.map(() => ({ outcome: 'rejected', code: 'FHIR_REJECTED', acknowledgement: '4\u000022', detail })),
  );
  await under.feed(onOrders(1, ordered('o1', { type: 'OrderAmended', sourceVersion: today + 1 })));
  await under.settled();
  assert.deepEqual((await under.ledgerOf('o1'))?.['detail'], detail);
  assert.equal(JSON.stringify(under.published).includes('canary'), false);
  one.target.behave(null);
  await under.feed(onOrders(2, ordered('o1', { type: 'OrderCancelled', sourceVersion: today + 2 })));
  await under.settled();
  assert.deepEqual(under.published.map(({ type, acknowledgement }) => [type, acknowledgement]).slice(1), [
    ['DeliveryRejected', '422'],
    ['DeliveryDelivered', '200'],
  ]);
});

test('what was refused is not sent again when the state is rebuilt, only when something changes or a person asks', async () => {
  const one = under.instance();
  let asked = 0;
  one.target.behave(async (works) => {
    asked++;
    return works.map(() => ({ outcome: 'rejected', code: 'FHIR_REJECTED', acknowledgement: '422', detail: null }));
  });
  await one.start();
  await under.feed(onOrders(0, ordered('o1')));
  await under.settled();
  await resetState(under.postgres, 'fhir');
  await under.intake.startAt('cluster-1', under.wholeLog());
  await under.feed(onOrders(0, ordered('o1')));
  await under.settled();
  assert.deepEqual([asked, (await under.ledgerOf('o1'))?.['revision']], [1, 1]);
  await under.feed(onRedeliveries(0, redelivery('o1')));
  await under.settled();
  await under.feed(onOrders(1, ordered('o1', { type: 'OrderCancelled', sourceVersion: today + 1 })));
  await under.settled();
  assert.deepEqual([asked, (await under.ledgerOf('o1'))?.['revision']], [3, 3]);
});

test('a redelivery sends what is unchanged, once per request, however often the request is read', async () => {
  const one = under.instance();
  await one.start();
  await under.feed(onOrders(0, ordered('o1')));
  await under.settled();
  await under.feed(
    onRedeliveries(0, redelivery('o1')),
    onRedeliveries(1, redelivery('unknown')),
    onRedeliveries(2, redelivery('o1', { target: 'lis' })),
  );
  await under.settled();
  assert.deepEqual(ids(), ['o1', 'o1']);
  assert.deepEqual(
    under.published.map(({ revision }) => revision),
    [1, 2],
  );
  await resetState(under.postgres, 'fhir');
  await under.intake.startAt('cluster-1', under.wholeLog());
  await under.feed(onOrders(0, ordered('o1')), onRedeliveries(0, redelivery('o1')));
  await under.settled();
  assert.deepEqual(ids(), ['o1', 'o1']);
});

test('a change that comes while its subject is being delivered is delivered afterwards', async () => {
  const one = under.instance();
  const held = Promise.withResolvers<void>();
  one.target.behave(async (works, context) => {
    const verdicts = await deliverProperly(under.outside)(works, context);
    await held.promise;
    return verdicts;
  });
  await one.start();
  await under.feed(onOrders(0, ordered('o1')));
  await until(() => ids().length === 1, 'it is under way');
  await under.feed(onOrders(1, ordered('o1', { type: 'OrderCancelled', sourceVersion: today + 1 })));
  held.resolve();
  await under.settled();
  assert.deepEqual(under.outside.shown('o1'), ['active', 'cancelled']);
});

test('a correction of an input makes the analysis wait again; progress of a running job does not', async () => {
  const one = under.instance();
  await one.start();
  await under.feed(onRequests(0, requested('j1', { inputObservations: ['v1'] })));
  await under.settled();
  await under.feed(onObservations(0, observed('v1')));
  await under.settled();
  assert.equal((await under.ledgerOf('j1'))?.['mark'], 2);
  assert.deepEqual(ids(), ['j1', 'v1'], 'its own content is unchanged here, so it is looked at and not sent');
});

test('facts 6.5: a correction under a number the order did not know makes the analysis of that order wait again', async () => {
  const order = ordered('o1');
  const input = observed('by-filler', { orderId: 'o1', status: 'corrected' });
  const one = under.instance();
  await one.start();
  await under.feed(
    onOrders(0, order),
    onRequests(0, requested('j1', { orderId: 'o1', inputObservations: [observationIdUnder(order, input)] })),
  );
  await under.settled();
  const seen: string[][] = [];
  one.target.behave((works, context) => {
    const ofJob = works.filter(({ id }) => id === 'j1');
    seen.push(...ofJob.map(({ related }) => related.observations.map(({ observationId }) => observationId)));
    return deliverProperly(under.outside)(works, context);
  });
  await under.feed(onObservations(0, input));
  await under.settled();
  assert.deepEqual(seen, [['by-filler']]);
});

test('facts 6.4: an analysis of a survivor comes with the merge, at its log time, also when the merge says nothing else', async () => {
  const one = under.instance();
  await one.start();
  const seen: unknown[] = [];
  one.target.behave((works, context) => {
    seen.push(...works.filter(({ id }) => id === 'j1').map(({ related }) => related.patient?.merges));
    return deliverProperly(under.outside)(works, context);
  });
  await under.feed(onPatients(0, merged()), onRequests(0, requested('j1')));
  await under.settled();
  assert.deepEqual(seen, [[{ other: 'H1|MRN|0002', sourceVersion: today, at: today + 1_000 }]]);
});

test('facts 6.4: a merge makes the analyses of either patient wait again, another change of a patient does not', async () => {
  const one = under.instance();
  await one.start();
  const seen: unknown[] = [];
  one.target.behave((works, context) => {
    seen.push(...works.map(({ id, related }) => [id, related.patient?.merges?.length ?? 0]));
    return deliverProperly(under.outside)(works, context);
  });
  await under.feed(onRequests(0, requested('j1')));
  await under.settled();
  await under.feed(onPatients(0, merged({ type: 'PatientRegistered', mergedFrom: null, sourceVersion: today - 1 })));
  await under.settled();
  await under.feed(onPatients(1, merged()));
  await under.settled();
  assert.deepEqual(seen, [
    ['j1', 0],
    ['j1', 1],
  ]);
});

test('a stop finishes what is under way; what does not end in time is given back', async () => {
  const one = under.instance({ drainMs: 200 });
  one.target.behave(async (_works, { signal }) => {
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('cut'))));
    return [];
  });
  await one.start();
  await under.feed(onOrders(0, ordered('o1')));
  await until(
    async () => (await under.rows('SELECT 1 FROM sync.patients WHERE holder IS NOT NULL')).length === 1,
    'it is under way',
  );
  await one.stop();
  assert.deepEqual(await under.rows('SELECT holder, due_at IS NOT NULL AS due FROM sync.patients'), [
    { holder: null, due: true },
  ]);
  const next = under.instance();
  await next.start();
  await under.settled();
  assert.deepEqual(ids(), ['o1']);
});

const feedPatients = (count: number) =>
  under.feed(...Array.from({ length: count }, (_, n) => onOrders(n, ordered(`p${n}`, { patientKey: `H1|MRN|${n}` }))));
const held = async (): Promise<number> => (await under.rows('SELECT 1 FROM sync.patients WHERE holder IS NOT NULL')).length;

test('more patients are held than sent to: those at the gate are told what is current when their turn comes', async () => {
  const one = under.instance({ concurrency: 2 });
  const opened = Promise.withResolvers<void>();
  let [inside, most] = [0, 0];
  one.target.behave(async (works, context) => {
    most = Math.max(most, ++inside);
    await opened.promise;
    const verdicts = await deliverProperly(under.outside)(works, context);
    inside--;
    return verdicts;
  });
  await one.start();
  await feedPatients(6);
  await until(async () => inside === 2 && (await held()) === 4, 'two are sent to and two stand at the gate');
  await under.feed(
    ...Array.from({ length: 6 }, (_, n) =>
      onOrders(n + 6, ordered(`p${n}`, { patientKey: `H1|MRN|${n}`, type: 'OrderCancelled', sourceVersion: today + 2 })),
    ),
  );
  opened.resolve();
  await under.settled();
  assert.equal(most, 2);
  const shown = Array.from({ length: 6 }, (_, n) => under.outside.shown(`p${n}`).join(' '));
  assert.deepEqual(shown.sort(), ['active cancelled', 'active cancelled', ...Array.from({ length: 4 }, () => 'cancelled')]);
});

test('the target goes while patients stand at the gate: none of them is begun before it is back', async () => {
  let begun = 0;
  const change = (ledger: Ledger): Ledger => ({
    ...ledger,
    works: (claim) => {
      begun++;
      return ledger.works(claim);
    },
  });
  const one = under.instance({ concurrency: 1, change });
  one.target.behave(async () => {
    await until(async () => (await held()) === 2, 'another stands at the gate');
    one.target.behave(null);
    one.target.isAway = true;
    throw away();
  });
  await one.start();
  await feedPatients(3);
  await until(async () => one.target.probes >= 3 && (await held()) === 0, 'everybody was given back, and it is still away');
  assert.deepEqual([begun, ids()], [1, []]);
  one.target.isAway = false;
  await under.settled();
  assert.deepEqual(ids().sort(), ['p0', 'p1', 'p2']);
});

test('a stop gives back who stands at the gate while others are still under way', async () => {
  const one = under.instance({ concurrency: 1 });
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  one.target.behave(async (works, context) => {
    asked.resolve();
    await answered.promise;
    return await deliverProperly(under.outside)(works, context);
  });
  await one.start();
  await feedPatients(3);
  await asked.promise;
  await until(async () => (await held()) === 2, 'one is sent to and one stands at the gate');
  one.dispatcher.quiesce?.();
  await until(async () => (await held()) === 1, 'only the one under way is held');
  answered.resolve();
  await one.stop();
  assert.deepEqual([ids().length, await held()], [1, 0]);
});

test('a Retry-After keeps the breaker open as long', async () => {
  const one = under.instance();
  let asked = 0;
  one.target.behave(async (works, context) => {
    if (asked++ === 0) throw away(400);
    return deliverProperly(under.outside)(works, context);
  });
  await one.start();
  const before = Date.now();
  await under.feed(onOrders(0, ordered('o1')));
  await under.settled();
  assert.ok(Date.now() - before >= 400);
  assert.deepEqual(ids(), ['o1']);
});

test('on a first start what is old in the log is held; it goes when it changes or a person asks, and what is young goes at once', async () => {
  const one = under.instance();
  await one.start();
  await under.rows('DELETE FROM sync.target_offset');
  await under.intake.startAt(
    'cluster-1',
    under.wholeLog(3).filter(({ topic }) => topic === 'clinical.orders.v1'),
  );
  const lastWinter = today - 300 * 86_400_000;
  await under.feed(
    { ...onOrders(0, ordered('old-1')), loggedAt: lastWinter },
    { ...onOrders(1, ordered('old-2')), loggedAt: lastWinter },
    onOrders(2, ordered('young')),
  );
  await under.settled();
  assert.deepEqual(ids(), ['young']);
  assert.deepEqual(under.published.map(({ subjectId, code }) => [subjectId, code]).sort(), [
    ['old-1', 'SYNC_BEFORE_FIRST_START'],
    ['old-2', 'SYNC_BEFORE_FIRST_START'],
    ['young', null],
  ]);
  await under.intake.startAt(
    'cluster-1',
    under.wholeLog(0).filter(({ topic }) => topic === 'sync.redeliveries.v1'),
  );
  await under.feed(onRedeliveries(0, redelivery('old-1')));
  await under.feed(onOrders(3, ordered('old-2', { type: 'OrderCancelRequested', sourceVersion: today + 1 })));
  await under.settled();
  assert.deepEqual(ids().sort(), ['old-1', 'old-2', 'young']);
});

test('1.9 what is urgent overtakes the backlog of an outage, in the order of its arrival', async () => {
  const one = under.instance({ concurrency: 1 });
  one.target.isAway = true;
  await one.start();
  const priorities = ['routine', 'routine', 'urgent', 'stat', 'asap', 'routine'] as const;
  for (const [n, priority] of priorities.entries())
    await under.feed(onOrders(n, ordered(`o${n}`, { patientKey: `H1|MRN|${n}`, priority })));
  await under.feed(onObservations(0, observed('critical', { patientKey: 'H1|MRN|9', abnormalFlag: 'HH' })));
  await until(() => one.target.probes >= 1, 'the target was asked for');
  one.target.isAway = false;
  await under.settled();
  assert.deepEqual(ids(), ['o3', 'o4', 'critical', 'o2', 'o0', 'o1', 'o5']);
});

test('the burst after an outage is bounded by the rate', async () => {
  const one = under.instance({ rate: { perSecond: 20, burst: 2 }, concurrency: 10 });
  one.target.isAway = true;
  await one.start();
  for (let n = 0; n < 8; n++) await under.feed(onOrders(n, ordered(`o${n}`, { patientKey: `H1|MRN|${n}` })));
  await until(() => one.target.probes >= 1, 'the target was asked for');
  const before = Date.now();
  one.target.isAway = false;
  await under.settled();
  assert.equal(ids().length, 8);
  assert.ok(Date.now() - before >= 250, 'six of eight wait for their token');
});
