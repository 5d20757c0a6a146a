/**
 * FROZEN. The yardstick of `npm run bench -- pipeline`: the same job with nothing around it, in one process.
 *
 *   Kafka (JSON) -> ONNX Runtime -> Kafka (JSON) -> one Postgres row
 *
 * No order per key, no exactness after a crash, no telemetry, no retries. Its batch size is swept by the caller and the best reading is used.
 * Changing this file changes what every earlier figure meant: do not tune it, replace it by an ADR.
 *
 * Input: environment (BROKERS, DATABASE_URL, MODEL_FILE, JOBS, BATCH, RUN). Output: one JSON line {firstReadAt, lastCommitAt, jobs}.
 */
import { Kafka, logLevel } from 'kafkajs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import pg from 'pg';

const jobs = Number(process.env['JOBS']);
const batchSize = Number(process.env['BATCH']);
const run = process.env['RUN'] ?? 'bare';
const requests = `bench.${run}.requests`;
const results = `bench.${run}.results`;

type Job = { jobId: string; patientKey: string; features: number[] };
type Result = { jobId: string; patientKey: string; label: string; probability: number };

const kafka = new Kafka({ clientId: 'bare', brokers: (process.env['BROKERS'] ?? '').split(','), logLevel: logLevel.ERROR });
const session = await InferenceSession.create(process.env['MODEL_FILE'] ?? '', { intraOpNumThreads: 1, interOpNumThreads: 1 });
const inputName = session.inputNames[0] ?? '';
const probabilityName = session.outputNames.find((name) => name.includes('prob')) ?? session.outputNames.at(-1) ?? '';
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 2 });
const producer = kafka.producer({ allowAutoTopicCreation: false });
const reader = kafka.consumer({ groupId: `${run}-reader`, maxWaitTimeInMs: 50, maxBytesPerPartition: 4_194_304 });
const writer = kafka.consumer({ groupId: `${run}-writer`, maxWaitTimeInMs: 50, maxBytesPerPartition: 4_194_304 });

let firstReadAt = 0;
let committed = 0;
let finish: () => void = () => {};
const finished = new Promise<void>((resolve) => {
  finish = resolve;
});

await Promise.all([producer.connect(), reader.connect(), writer.connect()]);
await reader.subscribe({ topic: requests, fromBeginning: true });
await writer.subscribe({ topic: results, fromBeginning: true });

await writer.run({
  partitionsConsumedConcurrently: 6,
  eachBatch: async ({ batch }) => {
    for (const part of chunks(batch.messages, batchSize))
      await insert(part.map((message) => JSON.parse(String(message.value)) as Result));
  },
});
await reader.run({
  partitionsConsumedConcurrently: 6,
  eachBatch: async ({ batch }) => {
    firstReadAt ||= Date.now();
    for (const part of chunks(batch.messages, batchSize))
      await infer(part.map((message) => JSON.parse(String(message.value)) as Job));
  },
});
await finished;
console.log(
  JSON.stringify({ firstReadAt, lastCommitAt: Date.now(), jobs: committed, rssMb: Math.round(process.memoryUsage().rss / 1e6) }),
);
process.exit(0);

async function infer(part: readonly Job[]): Promise<void> {
  const width = part[0]?.features.length ?? 0;
  const rows = new Float32Array(part.length * width);
  part.forEach((job, i) => {
    rows.set(job.features, i * width);
  });
  const output = await session.run({ [inputName]: new Tensor('float32', rows, [part.length, width]) });
  const probabilities = output[probabilityName]?.data as Float32Array;
  const messages = part.map((job, i) => {
    const probability = probabilities[i * 2 + 1] ?? 0;
    const result: Result = {
      jobId: job.jobId,
      patientKey: job.patientKey,
      label: probability >= 0.5 ? 'malignant' : 'benign',
      probability,
    };
    return { key: job.patientKey, value: JSON.stringify(result) };
  });
  await producer.send({ topic: results, acks: -1, messages });
}

async function insert(rows: readonly Result[]): Promise<void> {
  await pool.query({
    name: 'insert',
    text: `INSERT INTO bare_results (job_id, patient_key, label, probability)
           SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[]) ON CONFLICT (job_id) DO NOTHING`,
    values: [rows.map((r) => r.jobId), rows.map((r) => r.patientKey), rows.map((r) => r.label), rows.map((r) => r.probability)],
  });
  committed += rows.length;
  if (committed >= jobs) finish();
}

function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let i = 0; i < items.length; i += size) yield items.slice(i, i + size);
}
