/** Runs the frozen bare loop once on a freshly preloaded topic. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createAdmin, createKafka } from '@clinstream/runtime/kafka';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { featuresOf, jobIdOf, patientOf, random } from './cases.ts';
import { cpuOf, type Drain } from './drain.ts';
import type { BenchStack } from './stack.ts';

export type BareRun = Drain;

const script = fileURLToPath(new URL('../bare/bare-loop.ts', import.meta.url));
let runs = 0;

export async function runBareLoop(
  stack: BenchStack,
  options: { readonly jobs: number; readonly batch: number },
): Promise<BareRun> {
  const run = `bare${++runs}`;
  await createBare(stack, run);
  const kafka = new Kafka({ clientId: 'bench', brokers: stack.brokers.split(','), logLevel: logLevel.ERROR });
  await preload(kafka, stack, run, options.jobs);
  const servers = { kafka: stack.pids.kafka, postgres: stack.pids.postgres };
  const before = cpuOf(servers);
  const child = startBareLoop(stack, { ...options, run });
  // It ends by itself, and then its account is gone: the last look before that is used.
  let after = before;
  const watch = setInterval(() => {
    after = cpuOf({ ...servers, loop: child.pid ?? -1 });
  }, 200);
  let output = '';
  for await (const chunk of child.stdout) output += String(chunk);
  const line = JSON.parse(output.trim().split('\n').at(-1) ?? '{}') as {
    firstReadAt: number;
    lastCommitAt: number;
    jobs: number;
    rssMb: number;
  };
  clearInterval(watch);
  const cpu = Object.entries(after).reduce(
    (sum, [name, seconds]) => sum + seconds - (before[name as keyof typeof servers] ?? 0),
    0,
  );
  return {
    perSecond: (line.jobs * 1000) / (line.lastCommitAt - line.firstReadAt),
    cpuPer10k: (cpu * 10_000) / options.jobs,
    rssMb: line.rssMb,
  };
}

export function startBareLoop(
  stack: BenchStack,
  options: { readonly jobs: number; readonly batch: number; readonly run: string },
) {
  return spawn(process.execPath, [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      BROKERS: stack.brokers,
      DATABASE_URL: stack.databaseUrl,
      MODEL_FILE: stack.modelFile,
      JOBS: String(options.jobs),
      BATCH: String(options.batch),
      RUN: options.run,
    },
  });
}

/** An empty table and two empty topics for one run. */
export async function createBare(stack: BenchStack, run: string): Promise<void> {
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  await client.query('DROP TABLE IF EXISTS bare_results');
  await client.query('CREATE TABLE bare_results (job_id text PRIMARY KEY, patient_key text, label text, probability float8)');
  await client.end();
  const admin = createAdmin(createKafka({ brokers: stack.brokers.split(','), tls: null, sasl: null }, createSilentTelemetry()));
  await admin.createTopics(
    [`bench.${run}.requests`, `bench.${run}.results`].map((topic) => ({ topic, partitions: stack.partitions })),
  );
  await admin.close();
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
