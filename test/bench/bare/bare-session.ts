/**
 * FROZEN. The yardstick of `npm run bench -- inference`: `session.run` in a process that does nothing else, at its best batch; and on a single row.
 * Input: environment (MODEL_FILE, WIDTH, SECONDS per batch size). Output: one JSON line {batch, perSecond, oneRowMs}.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';

const width = Number(process.env['WIDTH']);
const milliseconds = Number(process.env['SECONDS']) * 1000;
const session = await InferenceSession.create(process.env['MODEL_FILE'] ?? '', { intraOpNumThreads: 1, interOpNumThreads: 1 });
const name = session.inputNames[0] ?? '';

let best = { batch: 0, perSecond: 0 };
for (const batch of [16, 32, 64, 128, 256, 512]) {
  const perSecond = await rate(batch);
  if (perSecond > best.perSecond) best = { batch, perSecond };
}
const times: number[] = [];
for (let i = 0; i < 500; i++) {
  const start = performance.now();
  await run(1);
  times.push(performance.now() - start);
}
console.log(JSON.stringify({ ...best, oneRowMs: times.toSorted((a, b) => a - b)[250] }));
process.exit(0);

async function rate(batch: number): Promise<number> {
  for (let i = 0; i < 20; i++) await run(batch);
  const start = performance.now();
  let rows = 0;
  while (performance.now() - start < milliseconds) {
    await run(batch);
    rows += batch;
  }
  return (rows * 1000) / (performance.now() - start);
}

/** Filled anew for every batch, as anyone must who has rows to predict. */
async function run(batch: number): Promise<void> {
  const values = new Float32Array(batch * width);
  for (let i = 0; i < values.length; i++) values[i] = (i % 97) / 10;
  await session.run({ [name]: new Tensor('float32', values, [batch, width]) });
}
