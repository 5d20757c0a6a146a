/**
 * Reads the models of a directory `<dir>/<name>/<version>/manifest.json` once, at start.
 * Promise: what is returned exists, matches its digests, and its manifest is complete; anything else is fatal (AppError MODEL_INVALID,
 * MODEL_FILE_MISSING, MODEL_DIGEST_MISMATCH, NO_MODELS), because a service that runs another model than the one reviewed is worse than none.
 * Non-promise: files replaced later are not noticed here; a model worker checks the digest again of the very bytes it loads.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inputSetOf, type ModelManifest, sha256 } from '@clinstream/contracts';
import { AppError } from '@clinstream/runtime/errors';
import { manifestProblems } from '../domain/manifest.ts';
import { type InferenceErrorCode, inferenceError } from '../errors.ts';

export type Model = {
  readonly manifest: ModelManifest;
  readonly inputSet: string;
  readonly modelFile: string;
  /** The tree structure, where the model has evidence. */
  readonly treesFile: string | null;
};

/** All models below `directory`, sorted by name and version. Throws AppError (fatal). */
export function loadModels(directory: string): readonly Model[] {
  const models = foldersOf(directory).flatMap((name) =>
    foldersOf(join(directory, name))
      .filter((version) => /^\d+\.\d+\.\d+$/.test(version))
      .map((version) => loadModel(join(directory, name, version), name, version)),
  );
  if (models.length === 0) throw fatal('NO_MODELS', `no <name>/<version>/manifest.json below ${directory}`);
  return models;
}

/** The bytes of a file whose sha-256 is `digest`. Throws AppError (fatal). */
export function readVerified(file: string, digest: string): Buffer {
  const bytes = readOrFail(file);
  if (sha256(bytes) !== digest)
    throw fatal('MODEL_DIGEST_MISMATCH', `${file} is not the file its manifest names (sha-256 differs)`);
  return bytes;
}

function loadModel(folder: string, name: string, version: string): Model {
  const manifest = parseManifest(join(folder, 'manifest.json'), name, version);
  const modelFile = join(folder, manifest.file);
  readVerified(modelFile, manifest.digest);
  const treesFile = manifest.evidence === null ? null : join(folder, manifest.evidence.file);
  if (manifest.evidence !== null && treesFile !== null) readVerified(treesFile, manifest.evidence.digest);
  return { manifest, inputSet: inputSetOf(manifest), modelFile, treesFile };
}

function parseManifest(file: string, name: string, version: string): ModelManifest {
  const value = parseJson(file);
  const problems = manifestProblems(value, { name, version });
  if (problems.length > 0) throw fatal('MODEL_INVALID', `${file}: ${problems.join('; ')}`);
  return value as ModelManifest;
}

function parseJson(file: string): unknown {
  try {
    return JSON.parse(readOrFail(file).toString('utf8'));
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw fatal('MODEL_INVALID', `${file} is not JSON`, cause);
  }
}

function readOrFail(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw fatal('MODEL_FILE_MISSING', `${file} cannot be read`, cause);
  }
}

function foldersOf(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch (cause) {
    throw fatal('MODEL_FILE_MISSING', `${directory} cannot be read`, cause);
  }
}

const fatal = (code: InferenceErrorCode, message: string, cause?: unknown): AppError => inferenceError(code, { message, cause });
