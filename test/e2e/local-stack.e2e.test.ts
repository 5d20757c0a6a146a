/** `npm start` as a person uses it: a day played twice doubles nothing, what ends comes back, and whatever ends it leaves nothing behind. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isAlive, isPortFree, portsAt, repositoryRoot, signToken } from '@clinstream/local';
import { waitFor } from '@clinstream/testkit';

const data = mkdtempSync(join(tmpdir(), 'clinstream-start-'));
const offset = await chooseOffset();
const apiUrl = `http://127.0.0.1:${8081 + offset}`;
const started = new Set<ChildProcess>();
after(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(data, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

type Run = { readonly child: ChildProcess; readonly output: () => string; readonly ended: Promise<number | null> };

/** A stack that is only started and stopped needs no FHIR server, which takes 20 s of both processors. */
const startSmall = (...args: string[]): Run => start('--without', 'day', '--without', 'fhir', ...args);

function start(...args: string[]): Run {
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const bootstrap = join(repositoryRoot, 'scripts/bootstrap.mjs');
  const child = spawn(process.execPath, [bootstrap, 'start', '--port-offset', String(offset), '--data', data, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  const ended = once(child, 'close').then(([code]) => {
    started.delete(child);
    return code as number | null;
  });
  return { child, output: () => text, ended };
}

async function untilSays(run: Run, words: string | RegExp): Promise<void> {
  const gone = run.ended.then((code) => assert.fail(`ended with ${code}:\n${run.output()}`));
  gone.catch(() => {});
  const said = waitFor(() => (typeof words === 'string' ? run.output().includes(words) : words.test(run.output())), {
    deadlineMs: 120_000,
    what: `says ${words}`,
  });
  await Promise.race([said, gone]).catch((error) => {
    throw new Error(`${error.message}\n${run.output()}`);
  });
}

const supervisorPid = (): number => Number(readFileSync(join(data, 'lock'), 'utf8'));
const childrenOf = (pid: number): readonly number[] =>
  execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, state]) => Number(parent) === pid && !state?.startsWith('Z'))
    .map(([child]) => Number(child));
const isGone = (pid: number): boolean =>
  !isAlive(pid) || execFileSync('ps', ['-A', '-o', 'pid=,stat='], { encoding: 'utf8' }).includes(`${pid} Z`);

async function countAnalyses(): Promise<number> {
  const token = await signToken({ dir: join(data, 'keys'), roles: ['doctor'] });
  let count = 0;
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const response = await fetch(`${apiUrl}/v1/analyses?limit=200${query}`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(response.status, 200);
    const page = (await response.json()) as { items: readonly unknown[]; next: string | null };
    count += page.items.length;
    cursor = page.next;
  }
  return count;
}

/** Jobs the day followed to their end, as its summary counts them. */
const jobsInSummary = (output: string): number =>
  [...output.matchAll(/(\d+) (?:completed|failed|abstained|cancelled)/g)].reduce((sum, [, n]) => sum + Number(n), 0);

test('--once plays the day, says how it went and what was delivered in its last line, and leaves no process and no lock', async () => {
  const run = start('--once', '--fresh');
  const code = await run.ended;
  assert.equal(code, 0, run.output());
  const [last = ''] = run.output().trimEnd().split('\n').slice(-1);
  assert.match(last, /^ok: (\d+) of \1 steps as expected; \d+ accepted, \d+ completed, \d+ failed.* p50 .* p99 /);
  assert.match(last, /; [1-9]\d* resources in FHIR, [1-9]\d* orders in the laboratory$/);
  assert.match(run.output(), /record {4}http:\/\/127\.0\.0\.1:\d+\/fhir\/Patient\/[\w.-]+\/\$everything/);
  assert.equal(existsSync(join(data, 'lock')), false);
});

test('played again on the same data it adds nothing twice; what ends by itself comes back; Ctrl-C leaves nothing', async () => {
  const run = start('--without', 'fhir');
  await untilSays(run, 'up; Ctrl-C ends it');
  const summary =
    run
      .output()
      .split('\n')
      .find((line) => line.startsWith('ok: ')) ?? '';
  assert.equal(await countAnalyses(), jobsInSummary(summary));

  const second = startSmall();
  assert.equal(await second.ended, 1);
  assert.match(second.output(), /another stack runs on this folder \(process \d+\)/);

  process.kill(Number(readFileSync(join(data, 'pids', 'api.pid'), 'utf8')), 'SIGKILL');
  await untilSays(run, /api was ended by SIGKILL; starting it again in/);
  await untilSays(run, 'api is back');
  process.kill(Number(readFileSync(join(data, 'postgres', 'postgres.pid'), 'utf8')), 'SIGKILL');
  await untilSays(run, 'PostgreSQL is back');
  await waitFor(countAnalyses, { deadlineMs: 60_000, what: 'the api reads again' });

  const supervisor = supervisorPid();
  const children = childrenOf(supervisor);
  assert.ok(children.length >= 5, `Kafka, PostgreSQL and the services: ${children}`);
  run.child.kill('SIGINT');
  assert.equal(await run.ended, 0, run.output());
  assert.ok(children.every(isGone));
  assert.equal(existsSync(join(data, 'lock')), false);
});

const pidIn = (file: string) => async (): Promise<number> =>
  await waitFor(() => existsSync(join(data, file)) && Number(readFileSync(join(data, file), 'utf8')), {
    deadlineMs: 60_000,
    what: `a process id in ${file}`,
    everyMs: 5,
  });
const brokerPid = pidIn('kafka/broker-1/broker.pid');
const apiPid = pidIn('pids/api.pid');

for (const [what, starting, notYet] of [
  ['Kafka', brokerPid, /Kafka {2}/],
  ['the services', apiPid, /services .* ready/],
] as const) {
  test(`Ctrl-C while ${what} start is heard at once and leaves nothing`, async () => {
    const run = startSmall();
    const pid = await starting();
    const children = childrenOf(supervisorPid());
    run.child.kill('SIGINT');
    assert.equal(await run.ended, 0, run.output());
    assert.match(run.output(), /stopping …/);
    assert.doesNotMatch(run.output(), notYet);
    assert.ok([pid, ...children].every(isGone));
    assert.equal(existsSync(join(data, 'lock')), false);
  });
}

test('a second Ctrl-C kills what does not stop, a service that is starting too, and leaves no lock', async () => {
  const run = startSmall();
  const stuck = await apiPid();
  process.kill(stuck, 'SIGSTOP');
  const children = childrenOf(supervisorPid());
  run.child.kill('SIGINT');
  await untilSays(run, 'stopping …');
  const again = setInterval(() => run.child.kill('SIGINT'), 200);
  assert.equal(await run.ended, 1, run.output());
  clearInterval(again);
  assert.ok(children.length >= 5, `Kafka, PostgreSQL and three services: ${children}`);
  await waitFor(() => [stuck, ...children].every(isGone), { deadlineMs: 10_000, what: 'everything is gone' });
  assert.equal(existsSync(join(data, 'lock')), false);
});

test('Ctrl-C while the FHIR server starts is heard at once and leaves nothing', async () => {
  const run = start('--without', 'day');
  const pid = await pidIn('fhir/fhir.pid')();
  const children = childrenOf(supervisorPid());
  run.child.kill('SIGINT');
  assert.equal(await run.ended, 0, run.output());
  assert.doesNotMatch(run.output(), /could not be started/);
  assert.ok([pid, ...children].every(isGone));
});

test('killed with -9, its children go with it, and the next start takes over', async () => {
  const run = startSmall();
  await untilSays(run, 'up; Ctrl-C ends it');
  const supervisor = supervisorPid();
  const children = childrenOf(supervisor);
  process.kill(supervisor, 'SIGKILL');
  await run.ended;
  await waitFor(() => children.every(isGone), { deadlineMs: 10_000, what: 'the children are gone' });
  const next = startSmall();
  await untilSays(next, 'up; Ctrl-C ends it');
  assert.ok((await countAnalyses()) > 0);
  next.child.kill('SIGTERM');
  assert.equal(await next.ended, 0, next.output());
});

/** An offset at which every port of a stack is free. */
async function chooseOffset(): Promise<number> {
  return await waitFor(
    async () => {
      const candidate = 200 + Math.floor(Math.random() * 11_000);
      const { ops, ...ports } = portsAt(candidate);
      const all = [...Object.values(ports), ...Object.values(ops), ports.kafka + 1];
      return (await Promise.all(all.map((port) => isPortFree(port)))).every(Boolean) && candidate;
    },
    { deadlineMs: 10_000, what: 'a free set of ports' },
  );
}
