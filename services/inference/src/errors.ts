/** Every error code of this service as data, in the shape of the runtime's catalogue; docs/errors.md is generated from both. */
import { catalogued, type ErrorCatalogueEntry, errorMaker } from '@clinstream/runtime/errors';

const { dependency, fatal, message, poison } = catalogued;

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
  MODEL_WORKER_TOO_LARGE: fatal(
    'A model worker holds more memory than it may as soon as its models are loaded.',
    'Raise INFERENCE_WORKER_MAX_MB above what the models need, with room to work.',
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
  JOB_ABANDONED: message('The attempt was given up before its answer could be published.', 'Nothing: the job is tried again.'),
} as const satisfies Readonly<Record<string, ErrorCatalogueEntry>>;

export type InferenceErrorCode = keyof typeof inferenceErrors;

export const inferenceError = errorMaker(inferenceErrors, 'process');

/** What a job ends with besides the errors above: `failure.code` of a failed one, the reasons of an abstained one. Ingest adds its INPUT_ codes. */
export const jobEndings = {
  MODEL_UNKNOWN: { ending: 'failed', meaning: 'No model of that name is deployed here. Deploy it, or ask another.' },
  MODEL_VERSION_UNKNOWN: { ending: 'failed', meaning: 'The model is not deployed in that version. Deploy it, or ask another.' },
  INPUT_SET_MISMATCH: {
    ending: 'failed',
    meaning:
      'The job was made for other inputs than the deployed model has. Ask again, once ingest and inference have the same model.',
  },
  INPUT_NOT_A_NUMBER: { ending: 'failed', meaning: 'An input is no finite number. Correct it at its source.' },
  OUTSIDE_POPULATION_AGE: { ending: 'abstained', meaning: 'The model is not meant for this age. No number is given.' },
  OUTSIDE_POPULATION_SEX: { ending: 'abstained', meaning: 'The model is not meant for this sex. No number is given.' },
  OUTSIDE_INPUT_RANGE: {
    ending: 'abstained',
    meaning: 'An input is outside the range the model declares. No number is given; check the measurement.',
  },
} as const satisfies Readonly<Record<string, { readonly ending: 'failed' | 'abstained'; readonly meaning: string }>>;
