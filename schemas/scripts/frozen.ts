/** Reads what freeze.ts has kept. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Schema } from 'avsc';

export const root = new URL('..', import.meta.url);

export type FrozenSchema = { readonly version: number; readonly text: string; readonly schema: Schema };
export type GoldenSample = { readonly title: string; readonly value: unknown; readonly hex: string };

/** The records of avro/, by file name without its ending. */
export const recordNames = (): readonly string[] =>
  readdirSync(new URL('avro/', root))
    .filter((file) => file.endsWith('.avsc'))
    .map((file) => file.slice(0, -'.avsc'.length))
    .sort();

export const currentText = (name: string): string => readFileSync(new URL(`avro/${name}.avsc`, root), 'utf8');

/** Whether two schema texts differ in layout at most. */
export const sameJson = (a: string, b: string): boolean => JSON.stringify(JSON.parse(a)) === JSON.stringify(JSON.parse(b));

/** Every frozen version of a record, oldest first. Throws when one is missing in between. */
export function historyOf(name: string): readonly FrozenSchema[] {
  const folder = new URL(`history/${name}/`, root);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((_, i) => {
    const text = readFileSync(new URL(`v${i + 1}.avsc`, folder), 'utf8');
    return { version: i + 1, text, schema: JSON.parse(text) as Schema };
  });
}

export const goldenFile = (name: string, version: number): URL => new URL(`fixtures/golden/${name}.v${version}.json`, root);

export const goldenOf = (name: string, version: number): readonly GoldenSample[] =>
  JSON.parse(readFileSync(goldenFile(name, version), 'utf8')) as readonly GoldenSample[];
