import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Line, splitLines } from './ndjson-lines.ts';

const limits = { maxLineBytes: 20, maxLines: 1000, maxBytes: 1_000_000 };

async function linesOf(chunks: readonly Buffer[], over: Partial<typeof limits> = {}) {
  const lines: Line[] = [];
  let cutAt: number | null = null;
  async function* source() {
    yield* chunks;
  }
  for await (const group of splitLines(source(), { ...limits, ...over })) {
    lines.push(...group.lines);
    cutAt = group.cutAt;
  }
  return { lines: lines.map((line) => [line.number, line.bytes?.toString() ?? null]), cutAt };
}

test('lines are the same however the bytes are cut', async () => {
  const text = 'a\nbb\n\r\n  \nwhat is far too long for a line\nz';
  const expected = [
    [1, 'a'],
    [2, 'bb'],
    [5, null],
    [6, 'z'],
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 8 }), async (cuts) => {
      const edges = [0, ...cuts.toSorted((a, b) => a - b), text.length];
      const chunks = edges.slice(1).map((to, i) => Buffer.from(text.slice(edges[i], to)));
      assert.deepEqual(await linesOf(chunks), { lines: expected, cutAt: null });
    }),
  );
});

test('a batch of exactly the allowed lines is whole, with and without a last newline', async () => {
  assert.deepEqual(await linesOf([Buffer.from('a\nb\n')], { maxLines: 2 }), {
    lines: [
      [1, 'a'],
      [2, 'b'],
    ],
    cutAt: null,
  });
  assert.deepEqual(await linesOf([Buffer.from('a\nb')], { maxLines: 2 }), {
    lines: [
      [1, 'a'],
      [2, 'b'],
    ],
    cutAt: null,
  });
});

test('one line more is cut, and where is told', async () => {
  for (const chunks of [[Buffer.from('a\nb\nc')], [Buffer.from('a\nb\n'), Buffer.from('c')]]) {
    assert.deepEqual(await linesOf(chunks, { maxLines: 2 }), {
      lines: [
        [1, 'a'],
        [2, 'b'],
      ],
      cutAt: 3,
    });
  }
});

test('more bytes than allowed are cut', async () => {
  const { cutAt } = await linesOf([Buffer.from('a\nb\n'), Buffer.from('c\nd\n')], { maxBytes: 5 });
  assert.ok(cutAt !== null);
});
