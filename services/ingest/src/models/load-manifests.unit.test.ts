import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadModelCatalog } from './load-manifests.ts';

const repositoryModels = join(import.meta.dirname, '../../../../models');

async function inFolder(files: Record<string, string>, use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'models-'));
  try {
    for (const [file, text] of Object.entries(files)) {
      await mkdir(join(dir, file, '..'), { recursive: true });
      await writeFile(join(dir, file), text);
    }
    await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

test('the models of this repository load', async () => {
  const models = await loadModelCatalog(repositoryModels);
  assert.ok(models.find('breast-cancer', null));
});

for (const [what, files, code] of [
  ['an empty folder', {}, 'MODELS_UNREADABLE'],
  ['no JSON', { 'a/1.0.0/manifest.json': '{' }, 'MANIFEST_INVALID'],
  ['another shape', { 'a/1.0.0/manifest.json': '{"name":"a"}' }, 'MANIFEST_INVALID'],
] as const) {
  test(`${what} is fatal`, () => inFolder(files, (dir) => assert.rejects(loadModelCatalog(dir), { code, kind: 'fatal' })));
}

test('a missing folder is fatal', () => assert.rejects(loadModelCatalog('/nowhere/at/all'), { code: 'MODELS_UNREADABLE' }));
