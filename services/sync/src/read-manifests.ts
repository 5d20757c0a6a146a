/** The manifests under MODELS_DIR (`<name>/<version>/manifest.json`), whole or not at all. Inference has checked them; this only reads. */
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelManifest } from '@clinstream/contracts';
import { syncError } from './errors.ts';

/** Rejects with MODELS_UNREADABLE (fatal). */
export async function readManifests(modelsDir: string): Promise<readonly ModelManifest[]> {
  try {
    const paths = await Array.fromAsync(glob('*/*/manifest.json', { cwd: modelsDir }));
    const texts = await Promise.all(paths.sort().map((path) => readFile(join(modelsDir, path), 'utf8')));
    return texts.map((text) => JSON.parse(text) as ModelManifest);
  } catch (cause) {
    throw syncError('MODELS_UNREADABLE', { stage: 'process', cause });
  }
}
