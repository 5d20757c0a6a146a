/** `npm run lint` refuses what crosses a boundary: violations are planted in a folder of the same layout, and each must be named. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const base = mkdtempSync(join(tmpdir(), 'clinstream-lint-'));
after(() => rmSync(base, { recursive: true, force: true }));

const uses = (specifier: string): string => `import { it } from '${specifier}';\n\nexport const used = it;\n`;
const domain = 'services/ingest/src/domain/planted.ts';
const planted: readonly (readonly [what: string, path: string, text: string])[] = [
  ...['prom-client', '@kafkajs/confluent-schema-registry', 'pg', 'pino', 'node:fs', 'undici', '@clinstream/runtime/errors'].map(
    (name) => [`domain imports ${name}`, domain, uses(name)] as const,
  ),
  ['domain imports more than the types of FHIR', domain, uses('fhir/r4.d.ts')],
  ['domain imports a technology room', 'services/ingest/src/domain/hl7/planted.ts', uses('../../mllp/frames.ts')],
  ['the pure room of runtime imports another', 'packages/runtime/src/hl7/planted.ts', uses('../errors/index.ts')],
  ['the pure room of runtime asks the clock', 'packages/runtime/src/hl7/planted.ts', 'export const used = Date.now();\n'],
  ['domain imports its service', domain, uses('../config.ts')],
  ['domain imports another service', domain, uses('../../../api/src/domain/cursor.ts')],
  ['domain imports runtime by path', domain, uses('../../../../packages/runtime/src/kafka/index.ts')],
  ['a service imports another by path', 'services/api/src/planted.ts', uses('../../ingest/src/config.ts')],
  ['a service imports another by name', 'services/api/src/planted.ts', uses('@clinstream/ingest')],
  ['a service imports kafkajs', 'services/api/src/planted.ts', uses('kafkajs')],
  ['a service imports runtime by path', 'services/api/src/planted.ts', uses('../../../packages/runtime/src/errors/index.ts')],
  ['runtime loads kafkajs elsewhere', 'packages/runtime/src/kafka/planted.ts', uses('kafkajs')],
  ['runtime loads kafkajs for its effect', 'packages/runtime/src/kafka/planted.ts', "import 'kafkajs';\n"],
  ['runtime imports a service', 'packages/runtime/src/kafka/planted.ts', uses('../../../../services/api/src/errors.ts')],
  ['runtime imports a service by name', 'packages/runtime/src/kafka/planted.ts', uses('@clinstream/api')],
  ['contracts import runtime', 'schemas/src/planted.ts', uses('@clinstream/runtime/errors')],
  ...['Date.now()', 'new Date()', 'Math.random()', "fetch('/')", 'process.env', 'crypto.randomUUID()', 'performance.now()'].map(
    (effect) => [`domain uses ${effect}`, domain, `export const used = ${effect};\n`] as const,
  ),
];
const allowed = `/** Never Date.now() here. */
import type { Topic } from '@clinstream/contracts';
import type { Separators } from '@clinstream/runtime/hl7';
import type { Patient } from 'fhir/r4.d.ts';
import type { Fault } from './fault.ts';

export type Held = Patient | null;
export const at = (ms: number, topic: Topic, fault: Fault, _: Separators): string => new Date(ms).toISOString() + topic + fault;
`;

/** Both commands of the lint script, on the planted files alone: their violations as one text. */
function lint(files: Readonly<Record<string, string>>): string {
  const { vcs: _vcs, ...config } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8')) as Record<string, unknown>;
  writeFileSync(join(base, 'biome.json'), JSON.stringify({ ...config, $schema: undefined }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), text);
  }
  const args = ['lint', '--max-diagnostics=none', '--reporter=github', '.'];
  const biome = spawnSync(join(root, 'node_modules/.bin/biome'), args, { cwd: base, encoding: 'utf8' });
  const boundaries = spawnSync(process.execPath, [join(root, 'scripts/check-boundaries.ts'), base], { encoding: 'utf8' });
  assert.deepEqual([biome.status, boundaries.status], [1, 1], biome.stdout + biome.stderr + boundaries.stderr);
  return biome.stdout + boundaries.stderr;
}

const numbered = planted.map(([what, path, text], n) => ({ what, text, path: path.replace('planted', `planted-${n}`) }));
const output = lint({
  ...Object.fromEntries(numbered.map(({ path, text }) => [path, text])),
  'services/ingest/src/domain/good.ts': allowed,
});
for (const { what, path } of numbered) {
  test(`lint fails when ${what}`, () => assert.ok(output.includes(path), output));
}

test('what is allowed passes: a date of a given time, contracts, HL7 text, the domain, words in a comment', () => {
  assert.ok(!output.includes('good.ts'), output);
});

test('both are what `npm run lint` runs', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { lint: string } };
  assert.equal(scripts.lint, 'biome check . && node scripts/check-boundaries.ts');
});
