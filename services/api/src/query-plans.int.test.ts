/** The statements everything waits for use their indexes on filled tables: prepared ones by the plan that fits all values, lists by theirs. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type SinkUnderTest, sinkUnderTest } from '../test/sink-under-test.ts';
import { type AlertFilter, listAlertsStatement } from './http/sql/list-alerts.ts';
import { type ListedFilter, listAnalysesStatement } from './http/sql/list-analyses.ts';
import { type DeliveryFilter, listDeliveriesStatement } from './http/sql/list-deliveries.ts';
import { readAnalysesStatement } from './http/sql/read-analyses.ts';
import { readMessageStatement, readMessagesStatement } from './http/sql/read-messages.ts';
import { readPatientGroupStatement } from './http/sql/read-patient-group.ts';
import { readTimelineStatement } from './http/sql/read-timeline.ts';
import { alerts } from './sink/alert-table.ts';
import { asks, runs } from './sink/analysis-tables.ts';
import { deliveries } from './sink/delivery-table.ts';
import { messages } from './sink/message-table.ts';
import { observations } from './sink/observation-table.ts';
import { orders } from './sink/order-table.ts';
import { patients } from './sink/patient-table.ts';
import { reviewRows } from './sink/review-table.ts';
import { finishFlushStatement } from './sink/sql/finish-flush.ts';
import { loadAnalysesStatement } from './sink/sql/load-analyses.ts';
import { loadStatement } from './sink/sql/load-rows.ts';
import { updateStatement } from './sink/sql/update-rows.ts';

let under: SinkUnderTest;
before(async () => {
  under = await sinkUnderTest();
  for (const fill of fills) await under.rows(fill);
  await under.rows('ANALYZE');
});
after(() => under.end());

const count = 60_000;
const fills = [
  `INSERT INTO api.analyses SELECT 'job-' || i, 'H|A|' || i % 500, CASE WHEN i % 100 = 0 THEN 'rare' ELSE 'common' END, NULL, 'routine', NULL,
   'c', 1, i * 1000, CASE WHEN i % 7 = 0 THEN ARRAY['obs-' || i] ELSE '{}' END, i * 1000, 1 FROM generate_series(1, ${count}) i`,
  `INSERT INTO api.analysis_runs (job_id, status, generation, attempt, percent, reasons, sort_at, version)
   SELECT 'job-' || i, CASE WHEN i % 400 = 0 THEN 'failed' ELSE 'completed' END, 1, 1, 100, '{}', i * 1000, 2 FROM generate_series(1, ${count - 50}) i`,
  `INSERT INTO api.analysis_reviews SELECT 'job-' || i, 1, 1, CASE WHEN i % 300 = 0 THEN 'rejected' ELSE 'approved' END, '[]', i * 1000, 3
   FROM generate_series(1, ${count - 5000}, 2) i`,
  `INSERT INTO api.deliveries SELECT 'delivery-' || i, CASE WHEN i % 2 = 0 THEN 'fhir' ELSE 'lis' END, 'order', 'order-' || i, 'H|A|' || i % 500,
   CASE WHEN i % 400 = 0 THEN 'rejected' ELSE 'delivered' END, 1, NULL, NULL, NULL, NULL, NULL, 1, 1, i * 1000, i * 1000, 1 FROM generate_series(1, ${count}) i`,
  `INSERT INTO api.alerts SELECT 'alert-' || i, 'H|A|' || i % 500, 'critical_value', 'observation', 'obs-' || i,
   CASE WHEN i % 400 = 0 THEN 'open' ELSE 'acknowledged' END, 0, i * 1000, NULL, NULL, 1 FROM generate_series(1, ${count}) i`,
  `INSERT INTO api.queue_depth SELECT 'routine', i % 6, i, 1, 0 FROM generate_series(${count - 49}, ${count}) i`,
  `INSERT INTO api.orders SELECT 'order-' || i, 'H|A|' || i % 500, 'p', 'a', NULL, 'laboratory', 'routine', 'c', 'L', NULL, NULL, 'd', 'c', i * 1000,
   NULL, 'active', 1, true, NULL, NULL, false, 1 FROM generate_series(1, ${count}) i`,
  `INSERT INTO api.observations SELECT 'obs-' || i, 'H|A|' || i % 500, NULL, 'c', 'L', NULL, NULL, 1, NULL, NULL, 'u', 'final', NULL, NULL, NULL,
   i * 1000, i * 1000, 1 FROM generate_series(1, ${count}) i`,
  `INSERT INTO api.patients SELECT 'H|A|' || i, 'f', 'g', '1970', 'F', 1, CASE WHEN i % 50 = 0 THEN 'H|A|' || i + 1 END, -1, 1
   FROM generate_series(1, ${count}) i`,
  `INSERT INTO api.messages SELECT 'm-' || i, 'l', 'a', 'f', 'c-' || i % 5000, 't', NULL, 'd', 'r', 1, 'AA', NULL, i, 1 FROM generate_series(1, ${count}) i`,
];

type Plan = {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly Plan[];
};

const nodesOf = (plan: Plan): readonly Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

async function explain(options: string, text: string, values: readonly unknown[] = []): Promise<readonly Plan[]> {
  const [row] = await under.rows(`EXPLAIN (${options}FORMAT JSON) ${text}`, values);
  assert.ok(row);
  const [{ Plan: plan }] = row['QUERY PLAN'] as [{ Plan: Plan }];
  return nodesOf(plan);
}

function refuseSeqScans(nodes: readonly Plan[], what: string): void {
  // A handful of rows, read whole on purpose.
  const small = new Set(['queue_depth', 'sink_offset']);
  const scans = nodes.filter((node) => node['Node Type'] === 'Seq Scan' && !small.has(node['Relation Name'] ?? ''));
  assert.deepEqual(
    scans.map((node) => node['Relation Name']),
    [],
    what,
  );
}

const prepared: Readonly<Record<string, string>> = {
  'read analyses': readAnalysesStatement.text,
  'load analyses': loadAnalysesStatement.text,
  'read patient group': readPatientGroupStatement.text,
  'timeline of analyses': readTimelineStatement('analysis').text,
  'timeline of orders': readTimelineStatement('order').text,
  'timeline of observations': readTimelineStatement('observation').text,
  'messages by control id': readMessagesStatement.text,
  'message by id': readMessageStatement.text,
  ...Object.fromEntries(
    [orders, observations, patients, messages, deliveries, alerts].map((table) => [
      `load ${table.name}`,
      loadStatement(table as never).text,
    ]),
  ),
  ...Object.fromEntries(
    [asks, runs, reviewRows, orders, observations, patients, messages, deliveries, alerts].map((table) => [
      `update ${table.name}`,
      updateStatement(table as never),
    ]),
  ),
};

for (const [name, text] of Object.entries(prepared)) {
  test(`${name} reads no table whole`, async () => {
    refuseSeqScans(await explain('GENERIC_PLAN, ', text), name);
  });
}

test('what every flush and every read asks is planned once, however many it is about', async () => {
  const ids = ['job-1', 'job-2', 'job-3'];
  const nothingMoves = Array<readonly string[]>(4).fill([]);
  const movesDepth = (lanes: readonly string[]) => [
    'c',
    ...nothingMoves,
    lanes,
    ...[1, 2, 3, 4].map(() => lanes.map((_, i) => i)),
    '',
    [],
    [],
    [],
  ];
  const asked = [readAnalysesStatement, loadAnalysesStatement, loadStatement(deliveries)];
  const plans = await under.postgres.transaction(async (tx) => {
    for (let use = 0; use < 9; use++) {
      for (const statement of asked) await tx.query(statement, [ids.slice(use % 3)]);
      await tx.query(finishFlushStatement, movesDepth(ids.slice(use % 3)));
    }
    const names = [...asked, finishFlushStatement].map(({ name }) => name);
    return tx.query('SELECT name, custom_plans, generic_plans FROM pg_prepared_statements WHERE name = ANY ($1)', [names]);
  });
  assert.equal(plans.rowCount, 4);
  for (const { name, custom_plans, generic_plans } of plans.rows)
    assert.deepEqual([custom_plans, generic_plans], [5, 4], String(name));
});

const anything: ListedFilter = {
  waitingSince: null,
  patientKey: null,
  status: null,
  review: null,
  model: null,
  from: null,
  to: null,
  after: null,
  limit: 51,
};
const lists: readonly (readonly [string, Partial<ListedFilter>, string])[] = [
  ['everything', {}, 'analyses_by_time'],
  ['beyond a cursor', { after: { at: 9_000_000, id: 'job-9000' } }, 'analyses_by_time'],
  ['a time', { from: 1_000_000, to: 2_000_000 }, 'analyses_by_time'],
  ['a patient', { patientKey: 'H|A|7' }, 'analyses_by_patient'],
  ['a patient and a status', { patientKey: 'H|A|7', status: 'completed' }, 'analyses_by_patient'],
  ['a rare model', { model: 'rare' }, 'analyses_by_model'],
  ['completed', { status: 'completed' }, 'analyses_by_time'],
  ['failed', { status: 'failed' }, 'analysis_runs_not_completed'],
  ['running, of which there are none', { status: 'running' }, 'analysis_runs_not_completed'],
  ['approved', { review: 'approved' }, 'analysis_reviews_by_decision'],
  ['rejected', { review: 'rejected' }, 'analysis_reviews_by_decision'],
  ['waiting for a review', { review: 'pending' }, 'analyses_by_time'],
  ['a patient, waiting for a review', { review: 'pending', patientKey: 'H|A|7' }, 'analyses_by_patient'],
  ['queued', { status: 'queued', waitingSince: (count - 49) * 1_000 }, 'analyses_by_time'],
];

for (const [name, filter, index] of lists) {
  test(`the list of ${name} is led by ${index}`, async () => {
    const { text, values } = listAnalysesStatement({ ...anything, ...filter });
    const nodes = await explain('', text, values);
    refuseSeqScans(nodes, name);
    const used = nodes.flatMap((node) => node['Index Name'] ?? []);
    assert.ok(used.includes(index), used.join());
  });
}

const anyDelivery: DeliveryFilter = {
  target: null,
  outcome: null,
  patientKey: null,
  subjectKind: null,
  subjectId: null,
  since: null,
  after: null,
};
const anyAlert: AlertFilter = { status: null, kind: null, patientKey: null, after: null };
const pages: readonly (readonly [string, { readonly text: string; readonly values: unknown[] }, string])[] = [
  ['deliveries', listDeliveriesStatement(anyDelivery, 51), 'deliveries_by_time'],
  ['deliveries of a patient', listDeliveriesStatement({ ...anyDelivery, patientKey: 'H|A|7' }, 51), 'deliveries_by_patient'],
  ['what was rejected', listDeliveriesStatement({ ...anyDelivery, outcome: 'rejected' }, 51), 'deliveries_not_delivered'],
  ['alerts', listAlertsStatement(anyAlert, 51), 'alerts_by_time'],
  ['open alerts', listAlertsStatement({ ...anyAlert, status: 'open' }, 51), 'alerts_open'],
  ['alerts of a patient', listAlertsStatement({ ...anyAlert, patientKey: 'H|A|7' }, 51), 'alerts_by_patient'],
];
for (const [name, { text, values }, index] of pages) {
  test(`the list of ${name} is led by ${index}`, async () => {
    const nodes = await explain('', text, values);
    refuseSeqScans(nodes, name);
    const used = nodes.flatMap((node) => node['Index Name'] ?? []);
    assert.ok(used.includes(index), used.join());
  });
}
