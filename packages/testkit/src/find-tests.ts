/** Which files are tests, by their name: `*.unit.test.ts` and `*.int.test.ts` beside the code, `*.e2e.test.ts` and `*.fault.test.ts` in test/. */
import { globSync } from 'node:fs';
import { repositoryRoot } from '@clinstream/local';

export const kinds = ['unit', 'int', 'e2e', 'fault'] as const;
export type Kind = (typeof kinds)[number];
export const isKind = (text: string): text is Kind => (kinds as readonly string[]).includes(text);

const roots = '{schemas,packages,services,infra,scripts,test}';

/** Paths from the repository's root, sorted; with `parts`, only those containing one of them. */
export function findTests(kind: Kind, parts: readonly string[] = [], root: string = repositoryRoot): readonly string[] {
  const found = globSync(`${roots}/**/*.${kind}.test.ts`, { cwd: root, exclude: (name) => name === 'node_modules' });
  return found.filter((file) => parts.length === 0 || parts.some((part) => file.includes(part.replace(/^\.\//, '')))).sort();
}
