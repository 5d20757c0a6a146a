/** Loads models inside a worker process and answers batches: ONNX Runtime for the probabilities, the tree explainer for the evidence. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { createExplainer, type Explainer } from '../../explain/explainer.ts';
import { parseTrees } from '../../explain/trees.ts';
import { readVerified } from '../../models/model-files.ts';
import type { BatchAnswer, BatchEvidence, BatchRequest, ModelFiles } from './messages.ts';

/** Answers batches of all its models. A rejection is about the batch; the worker lives on. */
export type BatchModel = (batch: BatchRequest) => Promise<BatchAnswer>;

/** One thread: parallelism is the number of workers, and two sessions fighting for cores are slower than one. */
const sessionOptions: InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  logSeverityLevel: 3,
};
const inputName = 'features';
const outputName = 'probabilities';

/** Every model, checked against its digest and warm. Throws AppError (fatal) or what ONNX Runtime throws. */
export async function loadBatchModels(files: readonly ModelFiles[]): Promise<BatchModel> {
  const models = await Promise.all(files.map(loadOne));
  return (batch) => {
    const model = models[batch.model];
    if (model === undefined) throw new Error('the batch is for a model that is not loaded');
    return model(batch);
  };
}

async function loadOne(files: ModelFiles): Promise<BatchModel> {
  const session = await InferenceSession.create(readVerified(files.file, files.digest), sessionOptions);
  const explainer = loadExplainer(files);
  // A batch is one run: where rows differ, the larger the run the cheaper the row. Smaller runs of the same few rows over and over look
  // cheaper than they are.
  const model: BatchModel = async (batch) => {
    const input = new Tensor('float32', batch.features, [batch.rows, files.inputCount]);
    const output = await session.run({ [inputName]: input }, [outputName]);
    const probabilities = positives(output[outputName], batch.rows);
    const evidence = batch.explain > 0 && explainer !== null ? explainFirst(explainer, batch) : null;
    return { kind: 'answer', id: batch.id, probabilities, evidence };
  };
  await warmUp(model, files.inputCount);
  return model;
}

function loadExplainer(files: ModelFiles): Explainer | null {
  if (files.trees === null) return null;
  const document = JSON.parse(readVerified(files.trees.file, files.trees.digest).toString('utf8'));
  return createExplainer(parseTrees(document, files.inputCount));
}

function explainFirst(explainer: Explainer, batch: BatchRequest): BatchEvidence {
  const { values, margins } = explainer.explain(batch.features, batch.explain);
  return { baseValue: explainer.baseValue, values, margins };
}

/** The output has a column per class, the positive class last. */
function positives(output: Tensor | undefined, rows: number): Float32Array {
  const both = output?.data;
  if (!(both instanceof Float32Array) || both.length !== rows * 2)
    throw new Error('the model gave no probabilities of two classes');
  const own = new Float32Array(rows);
  for (let row = 0; row < rows; row++) own[row] = both[row * 2 + 1] as number;
  return own;
}

/** The first run allocates; a job should not pay for that. */
async function warmUp(model: BatchModel, inputCount: number): Promise<void> {
  for (const rows of [1, 256]) {
    await model({ kind: 'batch', id: 0, model: 0, rows, features: new Float32Array(rows * inputCount), explain: rows });
  }
}
