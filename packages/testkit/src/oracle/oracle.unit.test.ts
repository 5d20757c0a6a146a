/** The oracle's own parts: repeatable payloads, the book, one batch's answers, an MLLP line that breaks. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { after, test } from 'node:test';
import { openMllp, postAnalysis, postBatch } from './doors.ts';
import { createLedger } from './ledger.ts';
import { isRefusal } from './load.ts';
import {
  analysisBody,
  mergeMessage,
  mllpOrderId,
  orderMessage,
  personMessage,
  readCases,
  resultMessage,
  versionOfName,
} from './payloads.ts';
import { createRandom } from './random.ts';
import { startWatcher } from './watcher.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});
async function portOf<S extends Server>(server: S): Promise<number> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('a seed repeats its numbers, another seed has others', () => {
  const draw = (seed: number): readonly number[] => {
    const random = createRandom(seed);
    return Array.from({ length: 20 }, () => random.integer(1000));
  };
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
  assert.ok(draw(7).every((number) => number >= 0 && number < 1000));
});

test('payloads are the same bytes every time and hold every input', () => {
  const { manifest, cases } = readCases();
  assert.ok(cases.length > 500);
  const [one] = cases;
  assert.ok(one);
  const text = { controlId: 'C1', patientId: 'P1', number: 'C1', lane: 'stat', time: new Date(0) } as const;
  const message = orderMessage(text, one.features, manifest);
  assert.deepEqual(message, orderMessage(text, one.features, manifest));
  assert.equal(message.toString().match(/\rOBX\|/g)?.length, manifest.inputs.length);
  assert.match(message.toString(), /^MSH\|\^~\\&\|OCS\|HANEUL\|CLINSTREAM\|HANEUL\|19700101000000\.000\+0000\|/);
  assert.match(resultMessage({ ...text, version: 2 }).toString(), /\|LIS\|HANEUL[\s\S]*\|2\|mg\/dL\^\^UCUM\|\|\|\|\|C\r$/);
  assert.notEqual(mllpOrderId('A'), mllpOrderId('B'));
  const body = analysisBody({ ...text, orderId: 'O', features: one.features }, manifest) as { inputs: object };
  assert.equal(Object.keys(body.inputs).length, manifest.inputs.length);
});

test('what is said of a person tells its version', () => {
  const text = { controlId: 'C1', patientId: 'P1', time: new Date(0) };
  assert.match(
    personMessage('A31', { ...text, familyName: 'F', version: 7 }).toString(),
    /\|ADT\^A31\^ADT_A05\|C1\|[\s\S]*\|F\^V7\|/,
  );
  assert.match(mergeMessage({ ...text, retiredId: 'P2' }).toString(), /\rPID\|1\|\|P1\^[\s\S]*\rMRG\|P2\^\^\^HIS\^PI\r$/);
  assert.deepEqual(['V7', 'V', 'Patient', null].map(versionOfName), [7, null, null, null]);
});

test('the book knows only what was acknowledged', () => {
  const ledger = createLedger();
  const sent = { door: 'http', patientKey: 'p', firstSentAt: 0, acknowledgedAt: null } as const;
  for (const orderId of ['a', 'b'])
    ledger.sendJob({ ...sent, orderId, lane: 'stat', position: null, expected: { label: '', probability: 0 } });
  ledger.acknowledgeJob('a', 't:0:1');
  ledger.acknowledgeJob('never sent', null);
  assert.deepEqual(
    ledger.jobs().map((job) => [job.orderId, job.acknowledgedAt !== null, job.position]),
    [
      ['a', true, 't:0:1'],
      ['b', false, null],
    ],
  );
});

test('answers that repeating does not change are refusals', () => {
  assert.deepEqual(['422 X', '409 Y', 'AE', 'AR'].map(isRefusal), [true, true, true, true]);
  assert.equal(['ack', '503 KAFKA', '429 SLOW', 'CE', 'AR 207', 'timeout', 'closed'].some(isRefusal), false);
});

test('a single request: acknowledged only by 202', async () => {
  let status = 503;
  const port = await portOf(
    createHttpServer((_request, response) =>
      response.writeHead(status).end(JSON.stringify({ jobId: 'j', position: 't:0:1', code: 'LOG_AWAY' })),
    ),
  );
  const door = { url: `http://127.0.0.1:${port}`, token: '', timeoutMs: 2000 };
  assert.deepEqual(await postAnalysis(door, 'k', {}), { answer: '503 LOG_AWAY', position: null, jobId: null });
  status = 202;
  assert.deepEqual(await postAnalysis(door, 'k', {}), { answer: 'ack', position: 't:0:1', jobId: 'j' });
  assert.equal((await postAnalysis({ ...door, url: 'http://127.0.0.1:9' }, 'k', {})).answer === 'ack', false);
});

test('a batch cut in the middle: lines answered count, the others do not', async () => {
  const port = await portOf(
    createHttpServer((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(200);
        response.write('{"line":1,"reference":"a","status":202,"jobId":"j","position":"t:0:1"}\n{"line":2,"reference":"b","sta');
        setImmediate(() => response.destroy());
      });
    }),
  );
  const told = new Map<string, string>();
  const lines = new Map([
    ['a', {}],
    ['b', {}],
    ['c', {}],
  ]);
  await postBatch({ url: `http://127.0.0.1:${port}`, token: '', timeoutMs: 2000 }, lines, (reference, { answer }) =>
    told.set(reference, answer),
  );
  assert.equal(told.get('a'), 'ack');
  assert.ok(told.has('b') && told.get('b') !== 'ack');
  assert.ok(told.has('c') && told.get('c') !== 'ack');
});

test('an MLLP line: answers, a refusal, a line that breaks and is dialled again', async () => {
  const replies = ['AA', 'AE', 'CE', null, 'CA', 'AR'];
  const port = await portOf(
    createServer((socket) =>
      socket
        .on('error', () => {})
        .on('data', () => {
          const code = replies.shift();
          if (code === null) socket.destroy();
          else socket.write(`\x0bMSH|^~\\&|\rMSA|${code}|1\r${code === 'AR' ? 'ERR|||207^x|E\r' : ''}\x1c\r`);
        }),
    ),
  );
  const line = openMllp(port, 2000);
  const answers: string[] = [];
  for (let i = 0; i < 6; i++) answers.push(await line.send(Buffer.from('MSH')));
  assert.deepEqual(answers, ['ack', 'AE', 'CE', 'closed', 'ack', 'AR 207']);
  line.close();
});

test('a watcher keeps what it saw and leaves out what failed', async () => {
  let looks = 0;
  const seen = Promise.withResolvers<void>();
  const watcher = startWatcher(
    {
      snapshot: async (patientKey) => {
        if (++looks === 2) throw new Error('away');
        if (looks === 5) seen.resolve();
        return { patientKey, at: looks, jobs: [], results: [], person: null };
      },
    },
    ['a', 'b'],
    () => 0,
    1,
  );
  await seen.promise;
  const snapshots = await watcher.stop();
  assert.deepEqual(
    snapshots.slice(0, 3).map(({ patientKey, at }) => [patientKey, at]),
    [
      ['a', 1],
      ['a', 3],
      ['b', 4],
    ],
  );
});
