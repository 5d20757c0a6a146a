/**
 * Reads models/<name>/<version>/manifest.json once at start, to name inputs and describe models. Ingest and inference check manifests;
 * here only what cannot be read at all is refused: MODELS_UNREADABLE (fatal).
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelManifest } from '@clinstream/contracts';
import { AppError } from '@clinstream/runtime/errors';
import { createModelNames, type ModelNames } from '../domain/model-names.ts';

export async function readManifests(modelsDir: string): Promise<ModelNames> {
  try {
    const entries = await readdir(modelsDir, { recursive: true });
    const files = entries.filter((entry) => /^[^/\\]+[/\\][^/\\]+[/\\]manifest\.json$/.test(entry)).sort();
    const texts = await Promise.all(files.map((file) => readFile(join(modelsDir, file), 'utf8')));
    return createModelNames(texts.map((text) => JSON.parse(text) as ModelManifest));
  } catch (cause) {
    const message = 'the manifests under MODELS_DIR cannot be read';
    throw new AppError({ code: 'MODELS_UNREADABLE', kind: 'fatal', stage: 'receive', message, cause });
  }
}
