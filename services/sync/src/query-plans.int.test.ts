/** The statements of every record and every delivery find their rows by an index, however much the ledger holds. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createPostgres, type Postgres, type Queryable, type Statement } from '@clinstream/runtime/postgres';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { type FreshDatabase, testStack } from '@clinstream/testkit';
import { markForced, markWaiting } from './intake/sql/mark-waiting.ts';
import { loadSubjects, readDependents } from './intake/sql/subjects.ts';
import { claimPatients, lockHeld, releasePatient, renewLeases } from './ledger/sql/claims.ts';
import { readDepth } from './ledger/sql/depth.ts';
import { claimTellings, insertTellings, markTold, tellAgain } from './ledger/sql/outbox.ts';
import { lockDeliveries, writeIntents } from './ledger/sql/outcomes.ts';
import { loadRelated, loadWaiting } from './ledger/sql/works.ts';

let database: FreshDatabase;
let postgres: Postgres;
before(async () => {
  database = await (await testStack()).freshDatabase();
  postgres = createPostgres(database.config, createSilentTelemetry());
  await postgres.start();
  for (const sql of fill) await postgres.query(sql);
});
after(async () => {
  await postgres?.stop(AbortSignal.timeout(5_000));
  await database?.drop();
});

/** Twenty thousand subjects of five thousand patients, all but a few delivered long ago. */
const fill = [
  `INSERT INTO sync.subjects SELECT 'fhir', (ARRAY['order', 'observation', 'analysis'])[1 + n % 3], 's' || n, 'p' || n % 5000, '{}',
     CASE WHEN n % 3 = 0 THEN '{}'::text[] ELSE ARRAY['s' || n - n % 3] END, 0, 1 FROM generate_series(1, 20000) AS n`,
  `INSERT INTO sync.patients (target, patient_key, due_at) SELECT 'fhir', 'p' || n, CASE WHEN n % 500 = 0 THEN now() END
     FROM generate_series(0, 4999) AS n`,
  `INSERT INTO sync.deliveries (target, kind, id, patient_key, waiting, mark, waiting_since, history, force, attempts, outcome, revision)
     SELECT target, kind, id, patient_key, row_number() OVER () % 1000 = 0, 1, 0, false, false, 0, 'delivered', 1 FROM sync.subjects`,
  `INSERT INTO sync.outbox SELECT target, kind, id, 1, '{}', true, now() FROM sync.subjects`,
  'ANALYZE sync.subjects, sync.patients, sync.deliveries, sync.outbox',
];

/** The plans of the statements a piece of work sends, instead of what they would do. */
async function plansOf(work: (db: Queryable) => Promise<unknown>): Promise<string> {
  const plans: string[] = [];
  await work({
    query: async (statement: Statement, values: readonly unknown[] = []) => {
      const text = typeof statement === 'string' ? statement : statement.text;
      const { rows } = await postgres.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, values);
      plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
      return { rows: [{ patient_key: 'p1' }] as never[], rowCount: 1 };
    },
  });
  return plans.join('\n');
}

const holder = { target: 'fhir', holder: 'me' };
const claim = { patientKey: 'p1', epoch: 1, setbacks: 0 };
const one = { kind: 'order', id: 's3' } as const;
const names = [one];
const telling = { kind: 'order', id: 's3', revision: 1, event: {} as never };
const works: Readonly<Record<string, (db: Queryable) => Promise<unknown>>> = {
  'claim patients': (db) => claimPatients(db, holder, 8, 1_000),
  'renew leases': (db) => renewLeases(db, holder, [claim], 1_000),
  'lock a held patient': (db) => lockHeld(db, holder, claim),
  'release a patient': (db) => releasePatient(db, holder, claim, { delayMs: 0, setbacks: 0 }),
  'load what waits': (db) => loadWaiting(db, 'fhir', 'p1', 50),
  'load what it is rendered with': (db) => loadRelated(db, 'fhir', 'p1', ['s3'], ['s6']),
  'write intents': (db) => writeIntents(db, holder, claim, [{ ...one, digest: 'd', memo: null }], 1),
  'lock deliveries': (db) => lockDeliveries(db, holder, claim, names),
  'count what is open': (db) => readDepth(db, 'fhir'),
  'put into the outbox': (db) => insertTellings(db, 'fhir', [telling], 1_000),
  'sweep the outbox': (db) => claimTellings(db, 'fhir', 100, 1_000),
  'mark as told': (db) => markTold(db, 'fhir', [telling]),
  'tell again': (db) => tellAgain(db, 'fhir', names),
  'load subjects': (db) => loadSubjects(db, 'fhir', names),
  'find dependents': (db) => readDependents(db, 'fhir', ['s3']),
  'mark waiting': (db) => markWaiting(db, 'fhir', [{ ...one, patientKey: 'p3', loggedAt: 1, headStartMs: 0, isHistory: false }]),
  'mark forced': (db) => markForced(db, 'fhir', [{ ...one, askedAt: 1, loggedAt: 1 }]),
};

for (const [name, work] of Object.entries(works)) {
  test(`${name}: no table is read whole`, async () => {
    const plans = await plansOf(work);
    // The offsets of a target fit on one page.
    assert.deepEqual(plans.match(/Seq Scan on (?!target_offset)\w+/g), null, plans);
  });
}
