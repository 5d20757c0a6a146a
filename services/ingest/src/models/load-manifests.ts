/**
 * Reads models/<name>/<version>/manifest.json once at start, for validation only: model files are inference's affair. A folder without a
 * manifest is not a model and is passed over; a manifest that is not one is fatal, with every offence named, because requests could not
 * be checked against it. No model at all is fatal too: MODELS_DIR points elsewhere.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelManifest } from '@clinstream/contracts';
import { AppError } from '@clinstream/runtime/errors';
import { Compile } from 'typebox/compile';
import { createModelCatalog, type ModelCatalog } from '../domain/model-catalog.ts';
import { ManifestSchema } from './manifest-schema.ts';

const manifestShape = Compile(ManifestSchema);

/** Errors: MODELS_UNREADABLE, MANIFEST_INVALID (fatal). */
export async function loadModelCatalog(modelsDir: string): Promise<ModelCatalog> {
  const files = await manifestFiles(modelsDir);
  const manifests: ModelManifest[] = [];
  for (const file of files) manifests.push(await readManifest(modelsDir, file));
  if (manifests.length === 0) throw fatal('MODELS_UNREADABLE', 'MODELS_DIR holds no <name>/<version>/manifest.json');
  return createModelCatalog(manifests);
}

async function manifestFiles(modelsDir: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(modelsDir, { recursive: true });
    return entries.filter((entry) => /^[^/\\]+[/\\][^/\\]+[/\\]manifest\.json$/.test(entry)).sort();
  } catch (cause) {
    throw fatal('MODELS_UNREADABLE', 'MODELS_DIR cannot be read', cause);
  }
}

async function readManifest(modelsDir: string, file: string): Promise<ModelManifest> {
  const manifest = parse(await readFile(join(modelsDir, file), 'utf8'), file);
  if (!manifestShape.Check(manifest)) {
    const offences = manifestShape.Errors(manifest).map((error) => `${error.instancePath || '/'} ${error.message}`);
    throw fatal('MANIFEST_INVALID', `${file}: ${offences.join('; ')}`);
  }
  const names = manifest.inputs.map((input) => input.name);
  if (new Set(names).size < names.length) throw fatal('MANIFEST_INVALID', `${file}: an input is declared twice`);
  if (file !== join(manifest.name, manifest.version, 'manifest.json')) {
    throw fatal('MANIFEST_INVALID', `${file}: says it is ${manifest.name}/${manifest.version}`);
  }
  return manifest;
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw fatal('MANIFEST_INVALID', `${file}: is not JSON`, cause);
  }
}

const fatal = (code: string, message: string, cause?: unknown): AppError =>
  new AppError({ code, kind: 'fatal', stage: 'receive', message, cause });
