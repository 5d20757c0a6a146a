/** Fills the result tables with completed jobs by SQL, and times the public list over them. */
import pg from 'pg';
import type { BenchStack } from './stack.ts';
import { median, rounded } from './stats.ts';

const chunk = 250_000;
const requests = 50;

/** Makes them hold about `target` more or less recent jobs; never fewer than they hold. */
export async function fillTables({ databaseUrl }: BenchStack, target: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query("SELECT count(*)::int AS n FROM api.analyses WHERE job_id LIKE 'old-%'");
  for (let from = rows[0].n; from < target; from += chunk) await fill(client, from, Math.min(target, from + chunk) - 1);
  await client.query('ANALYZE api.analyses, api.analysis_runs');
  await client.end();
}

async function fill(client: pg.Client, from: number, to: number): Promise<void> {
  const id = "'old-' || lpad(i::text, 9, '0')";
  // One a second, the newest a day ago.
  const at = '(extract(epoch FROM now()) * 1000)::bigint - 86400000 - i::bigint * 1000';
  await client.query(
    `INSERT INTO api.analyses (job_id, patient_key, model, priority, requested_by, requested_generation, requested_at, input_observations, sort_at, version)
     SELECT ${id}, 'BENCH|MRN|' || lpad((i % 100000)::text, 6, '0'), 'breast-cancer', 'routine', 'bench', 1, ${at}, '{}', ${at}, 1
     FROM generate_series($1::int, $2::int) AS i`,
    [from, to],
  );
  await client.query(
    `INSERT INTO api.analysis_runs (job_id, status, generation, attempt, percent, model_version, label, probability, reasons, started_at, ended_at, sort_at, version)
     SELECT ${id}, 'completed', 1, 1, 100, '1.0.0', 'benign', 0.1, '{}', ${at}, ${at}, ${at}, 2
     FROM generate_series($1::int, $2::int) AS i`,
    [from, to],
  );
}

/** Median of the first page of the list, asked one after the other. */
export async function listMilliseconds(stack: BenchStack): Promise<number> {
  const api = await stack.startService('api', { API_ROLES: 'http', HTTP_RATE_LIMIT_PER_MINUTE: '0' });
  const headers = { authorization: `Bearer ${await stack.token()}` };
  const times: number[] = [];
  for (let i = 0; i < requests; i++) {
    const start = performance.now();
    const answer = await fetch(`http://127.0.0.1:${stack.ports.apiHttp}/v1/analyses?limit=50`, { headers });
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`the list answered ${answer.status}`);
    times.push(performance.now() - start);
  }
  await api.stop();
  return rounded(median(times));
}
