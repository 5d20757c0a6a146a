/** Entry of a model worker process; see serve-batches.ts for its life. Started by worker-process.ts, never by hand. */
import { serveBatches } from './serve-batches.ts';
import { loadBatchModels } from './worker-models.ts';

serveBatches(loadBatchModels);
