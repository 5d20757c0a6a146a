/** Our parser, canonical text and compatibility verdicts against Apache Avro's own, on our schemas, made-up ones, and mutations of both. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allTopics, schemaOf } from '@clinstream/contracts';
import { runJava } from '../../../../test/peers/java.ts';
import { canonicalText } from './avro/canonical.ts';
import { readProblems } from './avro/compatibility.ts';
import { parseAvroSchema } from './avro/parse.ts';
import type { AvroType, Json } from './avro/types.ts';
import { createRandom, mutate, randomSchema } from './testing/random-schemas.ts';

type Pair = { readonly reader: string; readonly writer: string };
const pairs = pairsOf(20_261_122, 2_000);

test('every verdict is Apache Avro’s', () => {
  const answers = ask(pairs.map(({ reader, writer }) => `pair\t${reader}\t${writer}`));
  const verdicts = pairs.map(verdictOf);
  const isWrong = (pair: Pair, i: number): boolean => verdicts[i] !== answers[i] && !isStricterOnPurpose(pair);
  const wrong = pairs.flatMap((pair, i) => (isWrong(pair, i) ? [{ ...pair, ours: verdicts[i], avro: answers[i] }] : []));
  assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} of ${pairs.length} verdicts differ`);
  for (const verdict of ['COMPATIBLE', 'INCOMPATIBLE', 'INVALID']) {
    const count = verdicts.filter((ours) => ours === verdict).length;
    assert.ok(count > 200, `only ${count} of ${pairs.length} pairs were ${verdict}: the set proves too little`);
  }
});

test('the canonical text is the text Apache Avro prints, and means the same schema', () => {
  const valid = [...new Set(pairs.flatMap(({ reader, writer }) => [reader, writer]))].filter((text) => parseOrNull(text));
  const ours = valid.map((text) => canonicalText(parseAvroSchema(text)));
  assert.deepEqual(ours, ask(valid.map((text) => `text\t${text}`)));
  assert.deepEqual(ours, ask(ours.map((text) => `text\t${text}`)));
});

function verdictOf({ reader, writer }: Pair): string {
  const [readerType, writerType] = [parseOrNull(reader), parseOrNull(writer)];
  if (!readerType || !writerType) return 'INVALID';
  return readProblems(readerType, writerType).length === 0 ? 'COMPATIBLE' : 'INCOMPATIBLE';
}

/** Avro 1.12 also takes a type used before its definition, and one defined twice alike; earlier releases and we do not (ADR 0005). */
const isStricterOnPurpose = ({ reader, writer }: Pair): boolean =>
  [reader, writer].some((text) => /^undefined name|is defined twice$/.test(problemOf(text)));

function problemOf(text: string): string {
  try {
    parseAvroSchema(text);
    return '';
  } catch (error) {
    return String((error as Error).message);
  }
}

function parseOrNull(text: string): AvroType | null {
  try {
    return parseAvroSchema(text);
  } catch {
    return null;
  }
}

const ask = (questions: readonly string[]): readonly string[] =>
  runJava('avro-judge', 'AvroJudge.java', `${questions.join('\n')}\n`)
    .trimEnd()
    .split('\n');

/** A quarter each: made-up pairs, made-up and mutated, ours and mutated, mutated twice. Every other pair the other way round. */
function pairsOf(seed: number, count: number): readonly Pair[] {
  const random = createRandom(seed);
  const ours = allTopics.map((topic) => schemaOf[topic] as Json);
  return Array.from({ length: count }, (_, i) => {
    const base = i % 4 === 2 ? random.pick(ours) : randomSchema(random);
    const relative = i % 4 === 0 ? randomSchema(random) : mutate(random, base);
    const first = JSON.stringify(i % 4 === 3 ? mutate(random, base) : base);
    const second = JSON.stringify(relative);
    return random.below(2) === 0 ? { reader: first, writer: second } : { reader: second, writer: first };
  });
}
