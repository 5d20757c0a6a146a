/**
 * A hundred answers no laboratory should give, the same hundred each run: none crashes the adapter, keeps another patient waiting, makes an order
 * double, or brings a word of itself into logs, metrics, codes or acknowledgements.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { frameOf } from '@clinstream/runtime/mllp';
import { createTelemetry } from '@clinstream/runtime/telemetry';
import fc from 'fast-check';
import { orderOf } from '../../domain/lis/test-support.ts';
import { ack, type Behaviour, type FakeLab, startFakeLab, well } from './testing/fake-lab.ts';
import { createFakeLedger } from './testing/fake-ledger.ts';
import { targetFor } from './testing/target-under-test.ts';

const canary = 'CANARYKIM';
let lab: FakeLab;
before(async () => {
  lab = await startFakeLab();
});
after(() => lab.stop());

type Hostile = { readonly what: string; readonly bytes: (controlId: string, placer: string) => Buffer; readonly closes: boolean };

const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const word = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(canary, 'OK', 'UA', 'CR', 'P1^OCS', '207', '205', '""', '\\X', '\\XFF\\', '^^^^', '~~', '&', 'A'.repeat(9_000)),
);
const segment = fc
  .tuple(fc.constantFrom('MSA', 'ORC', 'OBR', 'ERR', 'PID', 'MSH', 'ZZZ', '', 'msa'), fc.array(word, { maxLength: 9 }))
  .map(([name, fields]) => [name, ...fields].join('|'));
const msaCode = fc.constantFrom('AA', 'AE', 'AR', 'CA', 'CE', 'CR', 'XX', '', canary);
const charset = fc.constantFrom('', 'KS X 1001', 'UNICODE UTF-8', 'GB 18030-2000', canary);
const text = (lines: readonly string[], encoding: BufferEncoding = 'utf8') => frameOf(Buffer.from(lines.join('\r'), encoding));

const hostile: fc.Arbitrary<Hostile> = fc
  .record({
    closes: fc.boolean(),
    shape: fc.oneof(
      noise.map((bytes) => ({ what: 'noise', bytes: () => bytes })),
      noise.map((bytes) => ({ what: 'framed noise', bytes: () => frameOf(bytes) })),
      fc.integer({ min: 1, max: 60 }).map((length) => ({
        what: 'a cut answer',
        bytes: (id: string) => frameOf(Buffer.from(ack('AA', id))).subarray(0, length),
      })),
      fc.constant({ what: 'too long', bytes: () => frameOf(Buffer.alloc(30_000, canary)) }),
      fc.constant({ what: 'endless garbage', bytes: () => Buffer.alloc(50_000, canary) }),
      fc.constant({
        what: 'many foreign answers',
        bytes: () => Buffer.concat(Array(300).fill(frameOf(Buffer.from(ack('AA', canary))))),
      }),
      fc
        .array(segment, { maxLength: 8 })
        .map((lines) => ({ what: 'odd segments', bytes: () => text(['MSH|^~\\&|L', ...lines]) })),
      fc.tuple(msaCode, charset, fc.array(segment, { maxLength: 5 })).map(([code, set, lines]) => ({
        what: 'an answer to our message with odd content',
        bytes: (id: string) =>
          text([`MSH|^~\\&|${canary}||||||ORL^O22|A|P|2.5.1||||||${set}`, `MSA|${code}|${id}|${canary}`, ...lines]),
      })),
      noise.map((bytes) => ({
        what: 'undecodable bytes',
        bytes: (id: string, placer: string) =>
          frameOf(Buffer.concat([Buffer.from(ack('AA', id, `ORC|OK|${placer}^OCS|`)), bytes])),
      })),
      fc.constantFrom('MSH', 'MSH|', 'MSH||||', 'MSH^^^^', 'MSHAAAA').map((head) => ({
        what: 'odd separators',
        bytes: (id: string) => text([head, `MSA|AA|${id}`]),
      })),
    ),
  })
  .map(({ closes, shape }) => ({ ...shape, closes }));

test('one hundred hostile answers', { timeout: 60_000 }, async () => {
  const lines: string[] = [];
  const telemetry = createTelemetry({
    name: 'test',
    level: 'trace',
    destination: { write: (line: string) => void lines.push(line) },
  });
  const ledger = createFakeLedger();
  const cases = fc.sample(hostile, { numRuns: 100, seed: 20_261_122 });
  const kinds = new Set<string>();
  for (const [i, { what, bytes, closes }] of cases.entries()) {
    const lis = targetFor(lab.port, { client: { replyTimeoutMs: 40 } }, telemetry);
    const order = (name: string) =>
      orderOf({ orderId: `${name}-${i}`, placerNumber: `${name}${i}`, patientKey: `HOSP|HIS|${name}${i}` });
    const answer: Behaviour = ({ controlId, placerNumber }, { socket, take }) => {
      take();
      socket.write(bytes(controlId, placerNumber));
      if (closes) socket.end();
    };
    lab.behave(well);
    assert.equal((await ledger.one(lis, order('before'))).outcome, 'delivered');
    lab.behave(answer);
    const verdict = await ledger.one(lis, order('hit'));
    kinds.add(`${verdict.outcome} ${'code' in verdict ? verdict.code : ''}`);
    assert.ok(!JSON.stringify({ ...verdict, remoteId: null, memo: null, detail: null }).includes(canary), what);
    lab.behave(well);
    assert.equal((await ledger.one(lis, order('after'))).outcome, 'delivered', what);
    await lis.stop(AbortSignal.timeout(1_000));
    assert.equal(lab.effects.get(`NW hit${i}`), 1, what);
  }
  assert.ok(kinds.size >= 3, [...kinds].join(', '));
  assert.ok(!lines.join('').includes(canary));
  assert.ok(!(await telemetry.registry.metrics()).includes(canary));
});
