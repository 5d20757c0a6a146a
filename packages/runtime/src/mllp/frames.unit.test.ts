import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFrameReader, type Frame, type FrameLimits, frameOf } from './frames.ts';

const limits: FrameLimits = { maxFrameBytes: 64, maxDiscardBytes: 128, tolerateMissingCr: true };

function readAll(chunks: readonly Buffer[], given: FrameLimits = limits) {
  const reader = createFrameReader(given);
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    reader.push(Buffer.from(chunk));
    for (let frame = reader.next(); frame !== null; frame = reader.next()) frames.push(frame);
  }
  return {
    frames: frames.map(textOf),
    skipped: reader.skippedBytes(),
    abandoned: reader.abandonedFrames(),
    lost: reader.isLost(),
  };
}

const textOf = (frame: Frame): string =>
  frame.kind === 'frame' ? frame.bytes.toString('latin1') : `too long: ${frame.head.toString('latin1')}`;

const cut = (bytes: Buffer, sizes: readonly number[]): Buffer[] => {
  const chunks: Buffer[] = [];
  let position = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(position, position + size));
    position += size;
  }
  return [...chunks, bytes.subarray(position)];
};

const content = fc
  .uint8Array({ maxLength: 60 })
  .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0x0b && byte !== 0x1c)));
const sizes = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 40 });

for (const tolerateMissingCr of [true, false]) {
  test(`any cut of any frames yields the same frames (FS without CR ${tolerateMissingCr ? 'tolerated' : 'refused'})`, () => {
    fc.assert(
      fc.property(fc.array(content, { maxLength: 8 }), sizes, (messages, at) => {
        const stream = Buffer.concat(messages.map(frameOf));
        const { frames, skipped } = readAll(cut(stream, at), { ...limits, tolerateMissingCr });
        assert.deepEqual(
          frames,
          messages.map((message) => message.toString('latin1')),
        );
        assert.equal(skipped, 0);
      }),
    );
  });

  test(`any cut of any bytes gives the same outcome (FS without CR ${tolerateMissingCr ? 'tolerated' : 'refused'})`, () => {
    const anything = fc
      .array(fc.constantFrom(0x0b, 0x1c, 0x0d, 0x0a, 0x41), { maxLength: 400 })
      .map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(anything, sizes, (bytes, at) => {
        const given = { maxFrameBytes: 4, maxDiscardBytes: 6, tolerateMissingCr };
        const whole = readAll([bytes], given);
        const parts = readAll(cut(bytes, at), given);
        assert.deepEqual(parts, whole);
      }),
    );
  });
}

test('bytes outside frames are counted and skipped', () => {
  const stream = Buffer.concat([
    Buffer.from('GET / HTTP/1.1\r\n'),
    frameOf(Buffer.from('one')),
    Buffer.from('x'),
    frameOf(Buffer.from('two')),
  ]);
  assert.deepEqual(readAll([stream]), { frames: ['one', 'two'], skipped: 15, abandoned: 0, lost: false });
});

test('a frame begun again drops the first beginning, so that no two messages are glued', () => {
  const stream = Buffer.concat([Buffer.from('\x0bhalf of patient A'), frameOf(Buffer.from('patient B'))]);
  assert.deepEqual(readAll([stream]), { frames: ['patient B'], skipped: 0, abandoned: 1, lost: false });
});

test('FS without CR ends a frame where tolerated, and is content where not', () => {
  const stream = Buffer.from('\x0bone\x1c\x0btwo\x1c\r', 'latin1');
  assert.deepEqual(readAll([stream]).frames, ['one', 'two']);
  const inside = Buffer.from('\x0bone\x1cmore\x1c\r', 'latin1');
  assert.deepEqual(readAll([inside], { ...limits, tolerateMissingCr: false }).frames, ['one\x1cmore']);
});

test('a frame too long is read to its end, its head kept, and the next one is whole', () => {
  const stream = Buffer.concat([frameOf(Buffer.alloc(100, 'a')), frameOf(Buffer.from('next'))]);
  assert.deepEqual(readAll(cut(stream, [30, 30, 30])).frames, [`too long: ${'a'.repeat(64)}`, 'next']);
});

test('past the bound of what is discarded the reader gives up', () => {
  assert.equal(readAll([Buffer.from('\x0b'), Buffer.alloc(64 + 128, 'a')]).lost, false);
  assert.equal(readAll([Buffer.from('\x0b'), Buffer.alloc(64 + 129, 'a')]).lost, true);
  assert.equal(readAll([Buffer.alloc(129, 'a'), frameOf(Buffer.from('late'))]).lost, true);
});

test('a reader that gave up counts the same garbage, however it was cut', () => {
  const bytes = Buffer.from([28, 65, 28, 28, 65, 65, 28, 28]);
  const small = { ...limits, maxDiscardBytes: 6 };
  assert.deepEqual(readAll([bytes], small), readAll(cut(bytes, [7]), small));
});
