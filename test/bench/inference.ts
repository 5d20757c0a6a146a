/**
 * `inference`: rows per second through the batcher and one model worker process against `session.run` at its best batch in a bare process;
 * and what the way through batcher and process adds to a single row when nothing else is going on.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { modelsDir } from '@clinstream/local';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { loadModels, type Model } from '../../services/inference/src/models/model-files.ts';
import {
  createModelWorkers,
  type ModelWorkers,
  type PredictRequest,
} from '../../services/inference/src/runners/onnx/model-workers.ts';
import type { Bench } from './lib/bench.ts';
import { featuresOf, random } from './lib/cases.ts';
import { median, percentile, rounded } from './lib/stats.ts';

/** Jobs under way at once: what one lane of the service holds. */
const underWay = 1_000;
/** The bare process shows the best of six windows, one per size of batch; the workers show the best of as many of the same length. */
const windows = 6;

export const inference: Bench = {
  about: 'rows/s through batcher and model worker against bare session.run; added wait when idle (--rounds 3 --seconds 3)',
  run: async ({ rounds = 3, seconds = 3 }, say) => {
    const model = loadModels(modelsDir).find(({ manifest }) => manifest.name === 'breast-cancer');
    if (model === undefined) throw new Error('the model breast-cancer is not there');
    const runs = [];
    for (let round = 1; round <= rounds; round++) {
      const run = {
        bare: runBare(model, seconds / windows),
        one: await runWorkers(model, 1, seconds),
        two: await runWorkers(model, 2, seconds),
      };
      runs.push(run);
      say(
        `round ${round}, rows/s: bare ${Math.round(run.bare.perSecond)} (batches of ${run.bare.batch}) · one worker ${Math.round(run.one.perSecond)} · two ${Math.round(run.two.perSecond)}`,
      );
    }
    const bare = median(runs.map((run) => run.bare.perSecond));
    const one = median(runs.map((run) => run.one.perSecond));
    const oneRowMs = median(runs.map((run) => run.bare.oneRowMs));
    const figures = {
      bare_per_s: Math.round(bare),
      one_worker_per_s: Math.round(one),
      two_workers_per_s: Math.round(median(runs.map((run) => run.two.perSecond))),
      ratio: rounded(one / bare),
      bare_one_row_ms: rounded(oneRowMs, 3),
      idle_p50_added_ms: rounded(median(runs.map((run) => percentile(run.one.idle, 50))) - oneRowMs, 3),
      idle_p99_added_ms: rounded(median(runs.map((run) => percentile(run.one.idle, 99))) - oneRowMs, 3),
    };
    say(`worker / bare = ${figures.ratio} (aim 0.8) · added when idle: p99 ${figures.idle_p99_added_ms} ms (aim 1)`);
    return figures;
  },
};

function runBare(
  model: Model,
  seconds: number,
): { readonly batch: number; readonly perSecond: number; readonly oneRowMs: number } {
  const script = fileURLToPath(new URL('bare/bare-session.ts', import.meta.url));
  const own = { MODEL_FILE: model.modelFile, WIDTH: String(model.manifest.inputs.length), SECONDS: String(seconds) };
  return JSON.parse(execFileSync(process.execPath, [script], { env: { ...process.env, ...own }, encoding: 'utf8' }));
}

async function runWorkers(model: Model, workers: number, seconds: number) {
  const fleet = createModelWorkers({ models: [model], workers }, createSilentTelemetry());
  await fleet.start();
  const features = featuresOf(model.manifest, random(3));
  const request: PredictRequest = {
    model,
    lane: 'routine',
    features,
    explain: false,
    alone: false,
    caller: { signal: new AbortController().signal },
    onLongRun: () => {},
  };
  await predictFor(fleet, request, 500);
  let perSecond = 0;
  for (let window = 0; window < windows; window++)
    perSecond = Math.max(perSecond, await predictFor(fleet, request, (seconds * 1000) / windows));
  const idle: number[] = [];
  for (let i = 0; i < 500; i++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    const start = performance.now();
    await fleet.predict(request);
    idle.push(performance.now() - start);
  }
  await fleet.stop(AbortSignal.timeout(10_000));
  return { perSecond, idle };
}

/** Rows answered per second, `underWay` asked for at any moment for so long. */
async function predictFor(fleet: ModelWorkers, request: PredictRequest, milliseconds: number): Promise<number> {
  let isOver = false;
  let rows = 0;
  const asking = async (): Promise<void> => {
    while (!isOver) {
      await fleet.predict(request);
      rows++;
    }
  };
  setTimeout(() => {
    isOver = true;
  }, milliseconds);
  const start = performance.now();
  await Promise.all(Array.from({ length: underWay }, asking));
  return (rows * 1000) / (performance.now() - start);
}
