import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createReader } from './reader.ts';

const job = (n: number) => ({
  jobId: `j${n}`,
  orderId: null,
  patientKey: 'p',
  status: 'completed',
  version: 2,
  prediction: null,
  failure: null,
});
const entry = (n: number) => ({ observation: { observationId: `o${n}`, patientKey: 'p', version: 1, value: { numeric: n } } });

const who = {
  survivor: 'q',
  patients: [
    { patientKey: 'q', familyName: 'Q', givenName: 'V9' },
    { patientKey: 'p', familyName: 'P', givenName: 'V3' },
  ],
};

/** An API that answers two pages of everything. */
async function twoPages() {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://api');
    const make = url.pathname.endsWith('/timeline') ? entry : job;
    const isLast = url.searchParams.get('cursor') === 'more';
    response.end(JSON.stringify(isLast ? { items: [make(3)], next: null } : { items: [make(1), make(2)], next: 'more', ...who }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

test('a reader reads to the last page: a busy patient has more than one', async (t) => {
  const api = await twoPages();
  t.after(api.close);
  const reader = createReader({ url: api.url, token: '', timeoutMs: 30_000 });
  const { jobs, results, person } = await reader.snapshot('p', () => 0);
  assert.deepEqual(
    [jobs.map(({ jobId }) => jobId), results.map(({ observationId }) => observationId)],
    [
      ['j1', 'j2', 'j3'],
      ['o1', 'o2', 'o3'],
    ],
  );
  assert.equal((await reader.allJobs(0)).length, 3);
  assert.deepEqual(person, { patientKey: 'p', survivorKey: 'q', familyName: 'P', version: 3 });
  assert.deepEqual(await reader.person('p'), person);
});
