/** Everything a FHIR server can do to us that a real one does not do on command, over real sockets: each failure ends as promised, and the next try succeeds. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { AppError } from '@clinstream/runtime/errors';
import type { Verdict } from '../delivery/target.ts';
import { ids } from '../domain/fhir/ids.ts';
import { withSourceVersion } from '../domain/fhir/source-version.ts';
import { type FakeFhirServer, isTransaction, keysIn, outcome, startFakeFhirServer } from './testing/fake-fhir-server.ts';
import { createHarness, type Harness } from './testing/harness.ts';
import { createLedger, keyOfSaid, type Said, workOf } from './testing/works.ts';

let server: FakeFhirServer;
let harness: Harness;
let ledger: ReturnType<typeof createLedger>;

before(async () => {
  server = await startFakeFhirServer();
});
after(async () => await server.stop());
beforeEach(() => {
  server.inject(() => null);
  server.store.clear();
  server.requests.length = 0;
  harness = createHarness(server.baseUrl, { timeoutMs: 400 });
  ledger = createLedger();
});
afterEach(async () => await harness.stop());

const said = (id: string, value = 1, version = 1): Said => ({ id, value, version });
const versionOf = (id: string): number => server.store.get(keyOfSaid(id))?.version ?? 0;
const valueStanding = (id: string): unknown =>
  (server.store.get(keyOfSaid(id))?.resource['valueQuantity'] as { value?: number })?.value;
const outcomes = (verdicts: readonly Verdict[]): string =>
  verdicts.map((one) => ('code' in one ? `${one.outcome} ${one.code}` : one.outcome)).join(', ');

async function deliver(...what: Said[]): Promise<readonly Verdict[]> {
  const works = what.map((one) => ledger.work(one));
  const verdicts = await harness.deliver(works, ledger.context());
  ledger.settle(works, verdicts);
  return verdicts;
}
/** The first `times` transactions meet this. */
function failing(times: number, injection: Parameters<FakeFhirServer['inject']>[0]): void {
  let left = times;
  server.inject((request) => (isTransaction(request) && left-- > 0 ? injection(request) : null));
}
const reply = (status: number, headers: Record<string, string> = {}, body: object | string = outcome('exception')) =>
  ({ kind: 'reply', reply: { status, headers, body } }) as const;

test('several works of a patient are one transaction; the same again is none', async () => {
  assert.equal(outcomes(await deliver(said('a'), said('b'), said('c'))), 'delivered, delivered, delivered');
  assert.equal(server.transactions(), 1);
  const again = await deliver(said('a'), said('b'), said('c', 1, 2));
  assert.ok(again.every((one) => one.outcome === 'delivered' && !one.sent));
  assert.equal(server.transactions(), 1);
  assert.deepEqual([harness.counted.written, harness.counted.unchanged], [3, 3]);
});

test('only what changed is sent, under the version remembered', async () => {
  await deliver(said('a'), said('b'));
  await deliver(said('a', 2, 2), said('b'));
  const last = server.requests.filter(isTransaction).at(-1);
  assert.deepEqual(last && keysIn(last), [keyOfSaid('a')]);
  assert.match(last?.text ?? '', /"ifMatch":"W\/\\"1\\""/);
  assert.deepEqual([versionOf('a'), versionOf('b')], [2, 1]);
});

for (const status of [429, 503]) {
  test(`${status}: the server is busy, everybody waits as long as it says, then it goes on`, async () => {
    failing(2, () => reply(status, { 'retry-after': '7' }));
    for (let i = 0; i < 2; i++) {
      await assert.rejects(deliver(said('a')), (error) => {
        assert.ok(error instanceof AppError);
        assert.deepEqual([error.code, error.scope, error.retryAfterMs], ['FHIR_BUSY', 'dependency', 7_000]);
        return true;
      });
    }
    assert.equal(outcomes(await deliver(said('a'))), 'delivered');
  });
}

for (const status of [502, 504]) {
  test(`${status}: the server is away for everybody`, async () => {
    failing(1, () => reply(status));
    await assert.rejects(deliver(said('a')), { code: 'FHIR_SERVER_ERROR', scope: 'dependency' });
    assert.equal(outcomes(await deliver(said('a'))), 'delivered');
  });
}

for (const status of [409, 412]) {
  test(`${status} twice, then success within one delivery: looked up and sent again`, async () => {
    failing(2, () => reply(status));
    assert.equal(outcomes(await deliver(said('a'))), 'delivered');
    assert.deepEqual([harness.counted.conflict, versionOf('a')], [2, 1]);
  });
}

test('409 without end: a bounded number of rounds, then this patient waits; the next delivery succeeds', async () => {
  failing(99, () => reply(409));
  assert.equal(outcomes(await deliver(said('a'))), 'retry FHIR_CONFLICT');
  assert.equal(server.transactions(), 3);
  server.inject(() => null);
  assert.equal(outcomes(await deliver(said('a'))), 'delivered');
});

test('a stale version is looked up: older content of ours is overwritten, once', async () => {
  await deliver(said('a'));
  const found = server.store.get(keyOfSaid('a'));
  assert.ok(found);
  found.version = 9;
  assert.equal(outcomes(await deliver(said('a', 2, 2))), 'delivered');
  assert.deepEqual([versionOf('a'), valueStanding('a')], [10, 2]);
});

test('6.12 what is newer or not ours stays; the patient’s other works are written', async () => {
  await deliver(said('a'), said('b'), said('c'));
  for (const id of ['a', 'b']) Object.assign(server.store.get(keyOfSaid(id)) ?? {}, { version: 5 });
  const newer = withSourceVersion({ resourceType: 'Observation' as const, status: 'final' as const, code: {} }, 99);
  Object.assign(server.store.get(keyOfSaid('a')) ?? {}, { resource: { ...newer, id: keyOfSaid('a').split('/')[1] } });
  Object.assign(server.store.get(keyOfSaid('b')) ?? {}, {
    resource: { resourceType: 'Observation', id: keyOfSaid('b').split('/')[1] },
  });
  const verdicts = await deliver(said('a', 2, 2), said('b', 2, 2), said('c', 2, 2));
  assert.equal(outcomes(verdicts), 'needs_review FHIR_NEWER_ON_SERVER, needs_review FHIR_FOREIGN_CHANGE, delivered');
  assert.deepEqual([versionOf('a'), versionOf('b'), valueStanding('c')], [5, 5, 2]);
});

for (const status of [400, 413, 422]) {
  test(`${status}: the bad one is isolated and rejected with what the server said, the others are written once each`, async () => {
    const bad = keyOfSaid('w5');
    server.inject((request) => {
      if (!isTransaction(request) || !keysIn(request).includes(bad)) return null;
      return reply(status, {}, outcome('invalid', 'Kim Chulsoo is no valid value'));
    });
    const works = Array.from({ length: 8 }, (_, index) => said(`w${index}`));
    const verdicts = await deliver(...works);
    assert.deepEqual(
      verdicts.map(({ outcome: one }) => one),
      works.map(({ id }) => (id === 'w5' ? 'rejected' : 'delivered')),
    );
    const rejected = verdicts[5];
    assert.ok(rejected?.outcome === 'rejected' && rejected.code === 'FHIR_INVALID' && rejected.acknowledgement === `${status}`);
    assert.match(JSON.stringify(rejected.detail), /Kim Chulsoo/);
    for (const { id } of works) assert.equal(versionOf(id), id === 'w5' ? 0 : 1, id);
  });
}

test('the reply is lost after the effect: looked up, and no second version', async () => {
  failing(1, () => ({ kind: 'cut_after' }));
  assert.equal(outcomes(await deliver(said('a'))), 'retry FHIR_REPLY_LOST');
  assert.equal(versionOf('a'), 1);
  const [second] = await deliver(said('a'));
  assert.ok(second?.outcome === 'delivered' && !second.sent && second.remoteVersion === '1');
  assert.deepEqual([versionOf('a'), server.transactions()], [1, 1]);
});

test('the reply is lost after the effect and the state has moved on: the newer one is written over ours', async () => {
  await deliver(said('a'));
  failing(1, () => ({ kind: 'cut_after' }));
  await deliver(said('a', 2, 2));
  assert.equal(outcomes(await deliver(said('a', 3, 3))), 'delivered');
  assert.deepEqual([versionOf('a'), valueStanding('a')], [3, 3]);
});

for (const kind of ['cut_before', 'hang'] as const) {
  test(`${kind}, three times, then success: this patient waits, no attempt of others is spent`, async () => {
    failing(3, () => ({ kind }));
    for (let i = 0; i < 3; i++) assert.equal(outcomes(await deliver(said('a'))), 'retry FHIR_REPLY_LOST');
    assert.equal(outcomes(await deliver(said('a'))), 'delivered');
    assert.equal(versionOf('a'), 1);
  });
}

test('a server that answers nothing at all is away: nobody’s tries are counted', async () => {
  server.inject(() => ({ kind: 'hang' }));
  await assert.rejects(deliver(said('a')), { scope: 'dependency' });
});

test('500 for one patient while the server answers is that patient’s; for three in a row it is the server’s', async () => {
  server.inject((request) => (isTransaction(request) ? reply(500) : null));
  const ofPatient = (number: number) => workOf(said(`p${number}`), { patientKey: `H1|A|${number}` });
  for (const number of [1, 2])
    assert.equal(outcomes(await harness.deliver([ofPatient(number)], ledger.context())), 'retry FHIR_UNEXPECTED_STATUS');
  await assert.rejects(harness.deliver([ofPatient(3)], ledger.context()), { code: 'FHIR_SERVER_ERROR', scope: 'dependency' });
});

test('500 for one work: it alone is left, the patient’s others are written', async () => {
  const bad = keyOfSaid('b');
  server.inject((request) => (isTransaction(request) && keysIn(request).includes(bad) ? reply(500) : null));
  assert.equal(outcomes(await deliver(said('a'), said('b'), said('c'))), 'delivered, retry FHIR_UNEXPECTED_STATUS, delivered');
});

test('nothing listens: the server is away', async () => {
  const gone = createHarness('http://127.0.0.1:9/fhir');
  await assert.rejects(gone.deliver([workOf(said('a'))], ledger.context()), { code: 'FHIR_UNREACHABLE', scope: 'dependency' });
  await gone.stop();
});

test('a lost lease ends the request in hand as the dependency’s, and what was intended is remembered', async () => {
  const lease = new AbortController();
  server.inject((request) => {
    if (!isTransaction(request)) return null;
    lease.abort();
    return { kind: 'hang' };
  });
  await assert.rejects(harness.deliver([ledger.work(said('a'))], ledger.context(lease.signal)), { code: 'FHIR_STOPPING' });
  assert.deepEqual(ledger.intents.get('a')?.memo, { keys: [keyOfSaid('a')] });
});

test('nothing leaves before the intent is durable', async () => {
  const refused = { ...ledger.context(), intend: () => Promise.reject(new Error('lease lost')) };
  await assert.rejects(harness.deliver([workOf(said('a'))], refused), /lease lost/);
  assert.equal(server.transactions(), 0);
});

test('6.12 two patients on the server carry the identifier: nobody chooses', async () => {
  const identifier = [{ system: 'urn:clinstream:test/id/patient/H1/A', value: '1' }];
  for (const id of ['x', 'y'])
    server.store.set(`Patient/${id}`, { resource: { resourceType: 'Patient', id, identifier }, version: 1, deleted: false });
  assert.equal(outcomes(await deliver(said('a'))), 'needs_review FHIR_PATIENT_AMBIGUOUS');
  server.store.delete('Patient/y');
  assert.equal(outcomes(await deliver(said('a'))), 'delivered');
});

for (const kind of ['cut_before', 'cut_after'] as const) {
  test(`the reply to a question is lost (${kind}): nothing is in doubt, the patient is tried again and no person is needed`, async () => {
    let left = 2;
    server.inject(({ path }) => (path.startsWith('Patient?') && left-- > 0 ? { kind } : null));
    for (let i = 0; i < 2; i++) {
      await assert.rejects(deliver({ ...said('a'), withPatient: true }), {
        ...{ code: 'FHIR_REPLY_LOST', kind: 'retryable', scope: 'message' },
      });
    }
    assert.equal(outcomes(await deliver({ ...said('a'), withPatient: true })), 'delivered');
    assert.equal(versionOf('a'), 1);
  });
}

test('our Patient is written once, with whatever comes first, and never again', async () => {
  await deliver({ ...said('a'), withPatient: true }, { ...said('b'), withPatient: true });
  await deliver({ ...said('c'), withPatient: true });
  const restarted = createHarness(server.baseUrl);
  await restarted.deliver([ledger.work({ ...said('d'), withPatient: true })], ledger.context());
  await restarted.stop();
  const searches = () => server.requests.filter(({ path }) => path.startsWith('Patient?')).length;
  assert.equal(searches(), 2);
  const later = createHarness(server.baseUrl);
  const works = [
    { ...said('a', 2, 2), withPatient: true },
    { ...said('e'), withPatient: true },
  ].map((one) => ledger.work(one));
  assert.equal(outcomes(await later.deliver(works, ledger.context())), 'delivered, delivered');
  await later.stop();
  assert.equal(searches(), 2, 'what the ledger remembers is not asked for');
  const sent = server.requests
    .filter(isTransaction)
    .map((request) => keysIn(request).filter((key) => key.startsWith('Patient/')));
  assert.deepEqual(
    sent.map((keys) => keys.length),
    [1, 0, 0, 0],
  );
});

test('6.12 demographics that others add to our Patient are never overwritten', async () => {
  await deliver({ ...said('a'), withPatient: true });
  const key = `Patient/${ids.patient('H1|A|1')}`;
  const stands = server.store.get(key);
  assert.ok(stands);
  const enriched = { ...stands.resource, name: [{ text: 'x' }], meta: { source: 'urn:hospital' } };
  server.store.set(key, { resource: enriched, version: 2, deleted: false });
  const restarted = createHarness(server.baseUrl);
  const works = [ledger.work({ ...said('b'), withPatient: true }, { force: true })];
  assert.equal(outcomes(await restarted.deliver(works, ledger.context())), 'delivered');
  assert.equal(outcomes(await deliver({ ...said('c'), withPatient: true })), 'delivered');
  await restarted.stop();
  assert.deepEqual(server.store.get(key), { resource: enriched, version: 2, deleted: false });
});

test('a work that cannot be rendered holds up no other', async () => {
  const broken = workOf(said('a'), { subject: { kind: 'observation', state: {} } as never });
  const verdicts = await harness.deliver([broken, workOf(said('b'))], ledger.context());
  assert.equal(outcomes(verdicts), 'needs_review FHIR_RENDER_FAILED, delivered');
});

test('FHIR_VALIDATE: what the server finds invalid is not sent, the others are', async () => {
  const validating = createHarness(server.baseUrl, { validate: true });
  server.inject((request) => {
    if (!request.path.endsWith('$validate')) return null;
    const isBad = request.body?.['id'] === keyOfSaid('a').split('/')[1];
    const issue = [{ severity: isBad ? 'error' : 'information', code: 'invalid', diagnostics: 'x' }];
    return reply(200, {}, { resourceType: 'OperationOutcome', issue });
  });
  const verdicts = await validating.deliver([workOf(said('a')), workOf(said('b'))], ledger.context());
  assert.equal(outcomes(verdicts), 'rejected FHIR_INVALID, delivered');
  assert.deepEqual([versionOf('a'), versionOf('b')], [0, 1]);
  await validating.stop();
});
