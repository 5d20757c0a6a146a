/** Every error code of this service as data, in the shape of the runtime's catalogue; docs/errors.md is generated from both. */
import { AppError, type ErrorCatalogueEntry } from '@clinstream/runtime/errors';

const fatal = (meaning: string, whatToDo: string): ErrorCatalogueEntry => ({
  kind: 'fatal',
  scope: 'message',
  meaning,
  whatToDo,
});
const message = (meaning: string, whatToDo: string): ErrorCatalogueEntry => ({
  kind: 'retryable',
  scope: 'message',
  meaning,
  whatToDo,
});
const dependency = (meaning: string, whatToDo: string): ErrorCatalogueEntry => ({
  kind: 'retryable',
  scope: 'dependency',
  meaning,
  whatToDo,
});
const poison = (meaning: string, whatToDo: string): ErrorCatalogueEntry => ({
  kind: 'poison',
  scope: 'message',
  meaning,
  whatToDo,
});

export const inferenceErrors = {
  NO_MODELS: fatal(
    'The models directory holds no model.',
    'Set MODELS_DIR to the directory that has <name>/<version>/manifest.json.',
  ),
  MODEL_INVALID: fatal(
    'A manifest or a model file is not what it must be.',
    'The message names the file and every problem; deploy the model again.',
  ),
  MODEL_FILE_MISSING: fatal('A file of a model cannot be read.', 'Deploy the model again, whole.'),
  MODEL_DIGEST_MISMATCH: fatal(
    'A file is not the one its manifest names: the sha-256 differs.',
    'Never edit the digest to fit: find out who changed the file, then deploy the reviewed model again.',
  ),
  MODEL_WORKER_FAILED: fatal(
    'A model worker ended before it had loaded its models.',
    'Read the lines before; check memory and the model files.',
  ),
  MODEL_TIMEOUT: message(
    'The batch of this job passed its model’s hard time limit and its worker was replaced.',
    'Nothing at first: the job is tried again alone. If it ends as failed, this input hangs the model.',
  ),
  MODEL_CRASHED: message(
    'The worker died while it worked on the batch of this job.',
    'Nothing at first: the job is tried again alone. If it ends as failed, this input crashes the model.',
  ),
  MODEL_FAILED: message(
    'The model refused the batch of this job.',
    'Nothing at first: the job is tried again alone. Then see the log line.',
  ),
  MODEL_INCONSISTENT: poison(
    'Probability and evidence of one prediction come from different models.',
    'Train and export the model again: model.onnx and trees.json do not belong together.',
  ),
  MODEL_WORKERS_UNAVAILABLE: dependency(
    'No model worker lives and the last one could not be started again.',
    'Read the load failure in the log; jobs wait and go on by themselves.',
  ),
  MODEL_WORKERS_STOPPED: dependency(
    'The service is stopping and takes no more jobs.',
    'Nothing: the job is read again by the next instance.',
  ),
  JOB_ABANDONED: message('The job was given up while it waited for a model worker.', 'Nothing: it is tried again.'),
} as const satisfies Readonly<Record<string, ErrorCatalogueEntry>>;

export type InferenceErrorCode = keyof typeof inferenceErrors;

export function inferenceError(
  code: InferenceErrorCode,
  details: { readonly message?: string; readonly cause?: unknown } = {},
): AppError {
  const { kind, scope, meaning } = inferenceErrors[code];
  return new AppError({ code, kind, scope, stage: 'process', message: details.message ?? meaning, cause: details.cause });
}
