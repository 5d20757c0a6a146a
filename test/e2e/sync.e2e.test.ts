/** What the hospital's own systems are told: a real FHIR server that validates, and a laboratory on the other end of MLLP. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { type LisPartner, startLisPartner } from '@clinstream/local';
import { createPostgres, type Postgres } from '@clinstream/runtime/postgres';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { type FaultProxy, freePort, startFaultProxy, testFhirServer } from '@clinstream/testkit';
import { analysisOf, resultOf, submit, type View } from './lib/analyses.ts';
import { bodyOf, everyService, type House, prepareHouse, until } from './lib/house.ts';
import { behindLog, type StoredOffset } from './lib/log.ts';
import { fieldIn, hl7, patientKey, pid } from './lib/mllp.ts';

type Delivery = {
  readonly target: string;
  readonly subjectKind: string;
  readonly subjectId: string;
  readonly outcome: string;
  readonly remoteId: string | null;
  readonly code: string | null;
  readonly revision: number;
};
type Resource = {
  readonly resourceType: string;
  readonly id: string;
  readonly status?: string;
  readonly meta: { readonly versionId: string };
  readonly [field: string]: unknown;
};

/** One run of this file is one namespace on the shared FHIR server. */
const run = Date.now().toString(36);
const patientId = `S${run}`;
let house: House;
let fhirUrl: string;
/** Between sync and the FHIR server. */
let proxy: FaultProxy;
let partner: LisPartner;
let partnerPort: number;
let postgres: Postgres;

before(async () => {
  fhirUrl = (await testFhirServer()).baseUrl;
  const { port, pathname } = new URL(fhirUrl);
  proxy = await startFaultProxy({ targetPort: Number(port) });
  partnerPort = await freePort();
  house = await prepareHouse(async () => ({
    FHIR_BASE_URL: `http://${proxy.address}${pathname}`,
    LIS_PORT: String(partnerPort),
    LIS_DEDUPLICATES: 'true',
    LIS_SENDING_FACILITY: 'HANEUL',
    LIS_FACILITY: 'HANEUL',
  }));
  partner = await startLisPartner({ port: partnerPort, resultsPort: house.system.ports.mllp, resultAfterMs: 50 });
  postgres = createPostgres(house.database.config, createSilentTelemetry());
  await postgres.start();
  await Promise.all(
    [...everyService, 'sync-fhir' as const, 'sync-lis' as const].map((name) => house.start(name, { deadlineMs: 180_000 })),
  );
});
after(async () => {
  await partner?.stop();
  await proxy?.stop();
  await house?.close(() => postgres.stop(AbortSignal.timeout(2_000)));
});

const deliveries = async (query: string): Promise<readonly Delivery[]> =>
  bodyOf<{ items: readonly Delivery[] }>(await house.api(`/v1/deliveries?limit=200&${query}`), 200).items;
const delivered = (target: string, subjectId: string) =>
  until(
    async () =>
      (await deliveries(`target=${target}&subjectId=${encodeURIComponent(subjectId)}`)).find(
        ({ outcome }) => outcome === 'delivered',
      ),
    `${subjectId} is delivered to ${target}`,
  );

async function read(path: string): Promise<Resource> {
  const response = await fetch(`${fhirUrl}/${path}`, { headers: { accept: 'application/fhir+json' } });
  assert.equal(response.status, 200, path);
  return (await response.json()) as Resource;
}
/** All of one type that name the patient of this run. */
async function search(type: string): Promise<readonly Resource[]> {
  const response = await fetch(`${fhirUrl}/${type}?_count=200&_sort=_id&patient.identifier=${encodeURIComponent(patientId)}`, {
    headers: { accept: 'application/fhir+json', 'cache-control': 'no-cache' },
  });
  const bundle = (await response.json()) as { entry?: readonly { resource: Resource }[] };
  assert.equal(response.status, 200, JSON.stringify(bundle));
  return bundle.entry?.map(({ resource }) => resource) ?? [];
}

let orderId = '';

test('a laboratory order goes to both, its results come back and close it, and the FHIR server shows both', async () => {
  const [answer = ''] = await house.hl7(
    hl7({
      type: 'OML^O21^OML_O21',
      controlId: `SYNC-${run}`,
      segments: [pid(patientId), 'PV1|1|U', `ORC|NW|L-${run}^OCS`, 'TQ1|1||||||||S', `OBR|1|L-${run}^OCS||CBC^Blood count^L`],
    }),
  );
  assert.equal(fieldIn(answer, 'MSA', 1), 'AA', answer);
  const [first] = await until(async () => {
    const found = await deliveries(`target=lis&patient=${encodeURIComponent(patientKey(patientId))}`);
    return found.some(({ outcome }) => outcome === 'delivered') && found;
  }, 'the laboratory has the order');
  orderId = first?.subjectId ?? '';
  assert.equal(partner.orders(), 1);
  const { remoteId } = await delivered('fhir', orderId);
  const request = await until(async () => {
    const found = await read(remoteId ?? '');
    return found.status === 'completed' && found;
  }, 'the results have closed the order');
  assert.deepEqual([request.resourceType, request['priority']], ['ServiceRequest', 'stat']);
  const results = await until(async () => {
    const found = await search('Observation');
    return found.length > 0 && found;
  }, 'the results are there');
  for (const result of results) assert.equal(result.status, 'final');
});

test('an AI result is held until a doctor approves it, and then stands there with its provenance', async () => {
  const accepted = await submit(house, {
    ...analysisOf(patientId, 3),
    patient: { facility: 'HANEUL', authority: 'HIS', id: patientId },
  });
  const view: View = await resultOf(house, accepted);
  assert.equal(view.status, 'completed');
  const outcomes = async () => (await deliveries(`target=fhir&subjectId=${accepted.jobId}`)).map(({ outcome }) => outcome);
  const before = await search('DiagnosticReport');
  assert.deepEqual(before, []);
  const review = {
    decision: 'approve',
    generation: view.generation,
    attempt: view.attempt,
    modelVersion: view.model?.version,
    modelDigest: view.model?.digest,
  };
  bodyOf(await house.api(`/v1/analyses/${accepted.jobId}/review`, { body: review }), 202);
  const [report] = await until(async () => {
    const found = await search('DiagnosticReport');
    return found.length > 0 && found;
  }, 'the approved result is released');
  assert.match(JSON.stringify(report?.meta), /AIAST/);
  await until(async () => (await outcomes()).includes('delivered'), 'the API shows it');
});

test('while the FHIR server is away the laboratory and the API go on; what waited goes when it is back, also over a kill -9', async () => {
  proxy.set({ kind: 'cut' });
  const away = (n: number) => `${patientId}-${n}`;
  const placers = [1, 2, 3];
  for (const n of placers) {
    const segments = [
      pid(away(n)),
      'PV1|1|U',
      `ORC|NW|A-${run}-${n}^OCS`,
      'TQ1|1||||||||R',
      `OBR|1|A-${run}-${n}^OCS||CBC^Blood count^L`,
    ];
    const [answer = ''] = await house.hl7(hl7({ type: 'OML^O21^OML_O21', controlId: `AWAY-${run}-${n}`, segments }));
    assert.equal(fieldIn(answer, 'MSA', 1), 'AA', answer);
  }
  const orders: string[] = [];
  for (const n of placers) {
    const told = await until(
      async () =>
        (await deliveries(`target=lis&patient=${encodeURIComponent(patientKey(away(n)))}`)).find(
          ({ outcome }) => outcome === 'delivered',
        ),
      `the laboratory has order ${n}`,
    );
    orders.push(told.subjectId);
  }
  assert.equal((await resultOf(house, await submit(house, analysisOf(away(1), 5)))).status, 'completed');
  await until(async () => !(await house.service('sync-fhir').isReady()), 'sync says that the FHIR server is away');
  assert.equal(await house.service('sync-lis').isReady(), true);
  const killed = house.service('sync-fhir');
  killed.kill('SIGKILL');
  await killed.exited;
  await house.start('sync-fhir', { ready: false });
  proxy.set({ kind: 'pass' });
  for (const orderId of orders) {
    const { remoteId } = await delivered('fhir', orderId);
    const request = await until(async () => {
      const found = await read(remoteId ?? '');
      return found.status === 'completed' && found;
    }, 'the order stands there, completed');
    assert.equal(request.resourceType, 'ServiceRequest');
  }
  assert.equal(partner.orders(), 1 + placers.length);
});

const resourceTypes = ['ServiceRequest', 'Observation', 'DiagnosticReport', 'Task'];
/** As the server has them; `search` may lag behind a moment, a version that moved does not. */
const versions = async (): Promise<readonly string[]> =>
  (await Promise.all(resourceTypes.map(search)))
    .flat()
    .map(({ resourceType, id, meta }) => `${resourceType}/${id}/${meta.versionId}`);
const ledger = async () =>
  (
    await postgres.query(
      'SELECT target, kind, id, outcome, code, revision, digest, remote_id, remote_version FROM sync.deliveries ORDER BY target, kind, id',
    )
  ).rows;
const settled = () =>
  until(async () => {
    const read = await postgres.query<StoredOffset>('SELECT topic, partition, next_offset FROM sync.target_offset');
    const behind = await behindLog(house.stack, read.rows);
    // Only now: what is read is marked by the same transaction.
    const { rows } = await postgres.query<{ open: number }>(`SELECT (SELECT count(*) FROM sync.deliveries WHERE waiting)
      + (SELECT count(*) FROM sync.target_offset WHERE next_offset < replay_until)
      + (SELECT count(*) FROM sync.outbox WHERE NOT published) AS open`);
    const ready = await Promise.all([house.service('sync-fhir').isReady(), house.service('sync-lis').isReady()]);
    return ready.every(Boolean) && behind.length === 0 && rows[0]?.open === 0;
  }, 'everything is read and nothing waits');

test('a second full replay, with the state rebuilt: no version on the server moves, no order is sent, the ledger stays', async () => {
  await settled();
  const before = await versions();
  const standing = await ledger();
  const orders = partner.orders();
  assert.ok(before.length > 0 && orders > 0);
  for (const target of ['fhir', 'lis'] as const) {
    await house.service(`sync-${target}`).stop();
    await promisify(execFile)(process.execPath, ['services/sync/src/reset-state.ts', '--target', target, '--yes-drop-state'], {
      env: { ...process.env, DATABASE_URL: house.database.url },
    });
    await house.start(`sync-${target}`);
  }
  await until(async () => {
    const { rows } = await postgres.query<{ rebuilt: number }>(
      `SELECT count(*) AS rebuilt FROM sync.deliveries d JOIN sync.subjects s USING (target, kind, id)`,
    );
    return rows[0]?.rebuilt === standing.length;
  }, 'the state is rebuilt');
  await settled();
  assert.deepEqual(await ledger(), standing);
  assert.deepEqual(await versions(), before);
  assert.equal(partner.orders(), orders);
});
