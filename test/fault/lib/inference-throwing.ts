/** The inference service with a model worker that throws at every fourth batch; a part of the fault rig. */
import { runMain } from '@clinstream/runtime/lifecycle';
import { createApp } from '../../../services/inference/src/app.ts';
import { parseConfig } from '../../../services/inference/src/config.ts';

const workerEntry = new URL('../../../services/inference/src/runners/onnx/fixtures/throwing-worker.ts', import.meta.url);

await runMain({ name: 'inference', parseConfig, createApp: (config, deps) => createApp(config, { ...deps, workerEntry }) });
