/**
 * A hundred replies no FHIR server should give, generated from a seed: each ends as a verdict or as the dependency's failure, none crashes, blocks
 * another patient, or brings what it said into a log, an error or a code.
 */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { after, before, test } from 'node:test';
import { AppError } from '@clinstream/runtime/errors';
import { createTelemetry } from '@clinstream/runtime/telemetry';
import type { Verdict } from '../delivery/target.ts';
import { type FakeFhirServer, type Injection, isTransaction, startFakeFhirServer } from './testing/fake-fhir-server.ts';
import { createHarness, type Harness } from './testing/harness.ts';
import { createLedger, keyOfSaid, workOf } from './testing/works.ts';

const seed = Number(process.env['HOSTILE_SEED'] ?? 20_261_122);
const canary = 'KIM-CHULSOO-900101';
const replies = 100;

let server: FakeFhirServer;
let harness: Harness;
let logged = '';

before(async () => {
  server = await startFakeFhirServer();
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged += chunk.toString();
      done();
    },
  });
  harness = createHarness(server.baseUrl, { timeoutMs: 150 }, createTelemetry({ name: 'sync', level: 'trace', destination }));
});
after(async () => {
  await harness.stop();
  await server.stop();
});

/** mulberry32 */
function randomOf(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const statuses = [
  100, 200, 201, 204, 206, 207, 299, 300, 301, 302, 307, 308, 400, 404, 405, 409, 410, 412, 418, 422, 451, 500, 501, 507,
];
const html = `<!doctype html><title>${canary}</title>`;
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

type Make = (random: () => number) => string;
const bodies: readonly Make[] = [
  () => '',
  () => html,
  () => `{"resourceType":"Patient","name":"${canary}"}`,
  () => `{"resourceType":"Bundle","type":"transaction-response","entry":[]}`,
  () =>
    `{"resourceType":"Bundle","type":"transaction-response","entry":[{"response":{"status":"200"}},{"response":{"status":"200"}}]}`,
  () =>
    `{"resourceType":"Bundle","type":"transaction-response","entry":[{"response":{"status":"200 ${canary}","location":"Patient/${canary}"}}]}`,
  () => `{"resourceType":"Bundle","type":"transaction-response","entry":[{"response":{"status":{"a":1},"etag":[3]}}]}`,
  () => `{"resourceType":"Bundle","type":"transaction-response","entry":{"0":{},"length":1}}`,
  () => `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"${canary}","diagnostics":"${canary}"}]}`,
  () => `{"__proto__":{"resourceType":"Bundle"},"constructor":{"prototype":{"x":1}}}`,
  () => nested(50_000),
  () => `{"a":${nested(20_000)}}`,
  () => '"text"',
  () => 'null',
  () => '[1,2,3]',
  () => `{"resourceType":"Bun`,
  () => '\u0000\u0001\ufffe',
  (random) => Array.from({ length: 200 }, () => String.fromCharCode(Math.floor(random() * 65_536))).join(''),
];

const raw: readonly ((response: ServerResponse) => void)[] = [
  (response) => response.socket?.end(`not http at all ${canary}\r\n\r\n`),
  (response) => response.socket?.end('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"resourceType":"Bundle"'),
  (response) => response.socket?.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{}'),
  (response) => response.socket?.end(`HTTP/1.1 200 OK\r\nx-${'a'.repeat(40_000)}: 1\r\n\r\n{}`),
  (response) => response.socket?.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n{}'),
  (response) => void response.writeHead(302, { location: response.req.url ?? '/' }).end(),
  (response) => void response.writeHead(307, { location: `http://127.0.0.1:9/${canary}` }).end(),
  (response) => void response.writeHead(401, { 'www-authenticate': canary }).end(),
  (response) => void response.writeHead(429, { 'retry-after': canary }).end(html),
  endless,
  dripping,
];

/** As fast as it is read, for ever. */
function endless(response: ServerResponse): void {
  response.writeHead(200);
  const more = () => {
    while (!response.destroyed && response.write('x'.repeat(65_536)));
  };
  response.on('drain', more);
  more();
}
/** A byte at a time, for ever. */
function dripping(response: ServerResponse): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write(' '), 5);
  response.on('close', () => clearInterval(timer));
}

function hostile(random: () => number): Injection {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const kind = random();
  if (kind < 0.25) return { kind: 'raw', write: pick(raw) };
  if (kind < 0.3) return { kind: random() < 0.5 ? 'cut_before' : 'cut_after' };
  const status = Math.max(pick(statuses), 200);
  return {
    kind: 'reply',
    reply: { status, body: pick(bodies)(random), headers: { 'content-type': pick(['application/fhir+json', 'text/html', '']) } },
  };
}

test(`${replies} hostile replies, seed ${seed}`, { timeout: 60_000 }, async () => {
  const random = randomOf(seed);
  for (let number = 0; number < replies; number++) {
    const injection = hostile(random);
    const what = `reply ${number}: ${JSON.stringify(injection).slice(0, 200)}`;
    const targets = random() < 0.7 ? isTransaction : () => true;
    server.inject((request) => (request.path !== 'metadata' && targets(request) ? injection : null));
    const patientKey = `H1|A|${number}`;
    const ledger = createLedger();
    const verdicts = await harness
      .deliver([workOf({ id: `x${number}`, value: 1, version: 1 }, { patientKey })], ledger.context())
      .catch((error: unknown) => error);
    assertHarmless(verdicts, what);
    server.inject(() => null);
    const other = await harness.deliver(
      [workOf({ id: `y${number}`, value: 1, version: 1 }, { patientKey: `H2|A|${number}` })],
      ledger.context(),
    );
    assert.equal(other[0]?.outcome, 'delivered', what);
  }
  assert.ok(!logged.includes(canary), 'the canary is in the log');
  const written = Array.from({ length: replies }, (_, number) => server.store.get(keyOfSaid(`y${number}`))?.version);
  assert.ok(written.every((version) => version === 1));
});

/** A verdict, or an AppError; nothing in either (the ledger's detail apart) that the server said. */
function assertHarmless(result: unknown, what: string): void {
  if (Array.isArray(result)) {
    const [verdict] = result as readonly Verdict[];
    assert.ok(verdict && result.length === 1, what);
    const { detail: _kept, ...told } = verdict as Verdict & { detail?: unknown };
    assert.ok(!JSON.stringify(told).includes(canary), what);
    return;
  }
  assert.ok(result instanceof AppError, `${what}: ${String(result)}`);
  assert.ok(!`${result.code} ${result.message}`.includes(canary), what);
}
