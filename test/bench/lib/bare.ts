/** Runs the frozen bare loop once on a freshly preloaded topic. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createAdmin, createKafka } from '@clinstream/runtime/kafka';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { featuresOf, jobIdOf, patientOf, random } from './cases.ts';
import type { BenchStack } from './stack.ts';

export type BareRun = { readonly perSecond: number; readonly rssMb: number };

const script = fileURLToPath(new URL('../bare/bare-loop.ts', import.meta.url));
let runs = 0;

export async function runBareLoop(
  stack: BenchStack,
  options: { readonly jobs: number; readonly batch: number },
): Promise<BareRun> {
  const run = `bare${++runs}`;
  await prepare(stack, run, options.jobs);
  const child = spawn(process.execPath, [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      BROKERS: stack.brokers,
      DATABASE_URL: stack.databaseUrl,
      MODEL_FILE: stack.modelFile,
      JOBS: String(options.jobs),
      BATCH: String(options.batch),
      RUN: run,
    },
  });
  let output = '';
  for await (const chunk of child.stdout) output += String(chunk);
  const line = JSON.parse(output.trim().split('\n').at(-1) ?? '{}') as {
    firstReadAt: number;
    lastCommitAt: number;
    jobs: number;
    rssMb: number;
  };
  return { perSecond: (line.jobs * 1000) / (line.lastCommitAt - line.firstReadAt), rssMb: line.rssMb };
}

async function prepare(stack: BenchStack, run: string, jobs: number): Promise<void> {
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  await client.query('DROP TABLE IF EXISTS bare_results');
  await client.query('CREATE TABLE bare_results (job_id text PRIMARY KEY, patient_key text, label text, probability float8)');
  await client.end();
  const kafka = new Kafka({ clientId: 'bench', brokers: stack.brokers.split(','), logLevel: logLevel.ERROR });
  const admin = createAdmin(createKafka({ brokers: stack.brokers.split(','), tls: null, sasl: null }, createSilentTelemetry()));
  await admin.createTopics(
    [`bench.${run}.requests`, `bench.${run}.results`].map((topic) => ({ topic, partitions: stack.partitions })),
  );
  await admin.close();
  await preload(kafka, stack, run, jobs);
}

async function preload(kafka: Kafka, stack: BenchStack, run: string, jobs: number): Promise<void> {
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const next = random(7);
  for (let from = 0; from < jobs; from += 2000) {
    const messages = Array.from({ length: Math.min(2000, jobs - from) }, (_, i) => {
      const patientKey = patientOf(from + i, stack.keys);
      return {
        key: patientKey,
        value: JSON.stringify({ jobId: jobIdOf(run, from + i), patientKey, features: featuresOf(stack.manifest, next) }),
      };
    });
    await producer.send({ topic: `bench.${run}.requests`, acks: -1, messages });
  }
  await producer.disconnect();
}
