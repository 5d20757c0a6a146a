/** The whole service against a real Kafka and registry: every accepted job ends, once or more under the same id, whatever breaks. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import {
  type AnalysisEnded,
  type AnalysisRequested,
  deadLetterTopicOf,
  groups,
  type Lane,
  lanes,
  topics,
} from '@clinstream/contracts';
import { done } from '@clinstream/runtime/consumer';
import { createKafka } from '@clinstream/runtime/kafka';
import type { Component } from '@clinstream/runtime/lifecycle';
import { createEventConsumer } from '@clinstream/runtime/pipeline';
import { createEventProducer, type EventProducer } from '@clinstream/runtime/producer';
import { createCodecs } from '@clinstream/runtime/registry';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { isolatedStack, type TestStack, waitFor } from '@clinstream/testkit';
import { createApp } from './app.ts';
import { parseConfig } from './config.ts';
import { exampleRequest } from './domain/examples.ts';
import { modelsDirectory, readGoldenCases } from './models/golden-cases.ts';
import { loadModels } from './models/model-files.ts';
import { misbehaviour } from './runners/onnx/fixtures/misbehaviour.ts';

const cases = readGoldenCases();
const [model] = loadModels(modelsDirectory);
const misbehaving = new URL('./runners/onnx/fixtures/misbehaving-worker.ts', import.meta.url);
const resultTopics = [topics.results.stat, topics.results.urgent, topics.results.routine] as const;

const request = (jobId: string, changes: Partial<AnalysisRequested> = {}): AnalysisRequested =>
  exampleRequest({
    jobId,
    model: 'breast-cancer',
    inputSet: model?.inputSet ?? '',
    features: cases.featuresOf(0),
    patientKey: `H1|A|${jobId}`,
    ...changes,
  });
const misbehavingRequest = (jobId: string, how: keyof typeof misbehaviour): AnalysisRequested =>
  request(jobId, { features: [misbehaviour[how], ...cases.featuresOf(0).slice(1)] });

/** The model workers among our child processes. */
const workersOfThisProcess = (): number[] =>
  readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
    .map(Number)
    .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/runners/onnx/worker.ts'));

describe('inference service', { timeout: 180_000 }, () => {
  let stack: TestStack;
  let producer: EventProducer;
  let peers: Component[] = [];
  let app: readonly Component[] = [];
  const fatal: Error[] = [];
  /** Every end seen, by job. */
  const ends = new Map<string, AnalysisEnded[]>();

  const stopAll = async (components: readonly Component[]): Promise<void> => {
    for (const component of components.toReversed()) await component.stop(AbortSignal.timeout(10_000));
  };
  const startApp = async (workerEntry?: URL): Promise<void> => {
    const config = parseConfig({ ...stack.env(), MODELS_DIR: modelsDirectory });
    const deps = {
      telemetry: createSilentTelemetry(),
      onFatal: (error: Error) => fatal.push(error),
      ...(workerEntry ? { workerEntry } : {}),
    };
    app = createApp(config, deps);
    for (const component of app) await component.start();
  };
  const submit = (lane: Lane, event: AnalysisRequested) =>
    producer.publish({
      topic: topics.requests[lane],
      key: event.patientKey ?? event.jobId,
      value: event,
      envelope: {
        eventId: `${event.jobId}:${event.generation}:requested`,
        eventType: event.type,
        occurredAt: Date.now(),
        correlationId: event.jobId,
        traceparent: null,
        source: 'test',
        attempt: 1,
      },
    });
  const untilEnded = (jobs: readonly string[], deadlineMs = 60_000): Promise<unknown> =>
    waitFor(() => jobs.every((job) => ends.has(job)), { deadlineMs, what: `the end of ${jobs.length} jobs` });
  const endOf = (job: string): AnalysisEnded | undefined => ends.get(job)?.[0];
  const ids = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

  before(async () => {
    stack = await isolatedStack();
    const telemetry = createSilentTelemetry();
    const kafka = createKafka(stack.kafkaConfig, telemetry);
    const codecs = createCodecs({
      registry: stack.registryConfig,
      topics: [...lanes.map((lane) => topics.requests[lane]), ...resultTopics],
      telemetry,
    });
    producer = createEventProducer({ kafka, codecs, telemetry });
    const reader = createEventConsumer(
      {
        group: stack.freshGroup('results-reader'),
        topics: resultTopics,
        handle: async (event) => {
          ends.set(event.jobId, [...(ends.get(event.jobId) ?? []), event]);
          return done;
        },
        concurrency: 100,
        handlerTimeoutMs: 10_000,
        retry: { attempts: 1, baseDelayMs: 1, maxInPlaceDelayMs: 1, tiers: false },
        limits: { maxRecords: 5_000, maxBytes: 8_000_000, maxSpan: 50_000 },
      },
      { kafka, codecs, producer, telemetry, onFatal: (error) => fatal.push(error) },
    );
    peers = [codecs, producer, reader];
    for (const peer of peers) await peer.start();
    await waitFor(() => peers.every((peer) => peer.readiness().ready), {
      deadlineMs: 30_000,
      what: 'producer and reader are ready',
    });
  });

  after(async () => {
    await stopAll(app);
    await stopAll(peers);
    await stack?.stop();
    assert.deepEqual(fatal, []);
  });

  it('ends jobs of every lane as completed, abstained or failed, with evidence where it was asked for', async () => {
    await startApp();
    await Promise.all([
      submit('stat', request('whole', { evidence: true, features: cases.featuresOf(3) })),
      submit('urgent', request('plain')),
      submit('routine', request('child', { subject: { ageYears: 9, sex: 'F' } })),
      submit('routine', request('nowhere', { model: 'other' })),
      submit('routine', request('unusable', { inputProblem: { code: 'INPUT_MISSING', input: 'mean_area' } })),
      submit('routine', request('shuffled', { inputSet: 'other' })),
    ]);
    await untilEnded(['whole', 'plain', 'child', 'nowhere', 'unusable', 'shuffled']);
    const whole = endOf('whole');
    assert.equal(whole?.type, 'AnalysisCompleted');
    assert.ok(Math.abs((whole?.prediction?.probability ?? 0) - (cases.probabilities[3] ?? 1)) <= 1e-5);
    assert.equal(whole?.evidence?.values.length, 30);
    assert.deepEqual([whole?.modelVersion, whole?.modelDigest], ['1.0.0', model?.manifest.digest]);
    assert.deepEqual([endOf('plain')?.type, endOf('plain')?.evidence], ['AnalysisCompleted', null]);
    assert.deepEqual([endOf('child')?.type, endOf('child')?.reasons], ['AnalysisAbstained', ['OUTSIDE_POPULATION_AGE']]);
    const codes = ['nowhere', 'unusable', 'shuffled'].map((job) => endOf(job)?.failure?.code);
    assert.deepEqual(codes, ['MODEL_UNKNOWN', 'INPUT_MISSING', 'INPUT_SET_MISMATCH']);
  });

  it('loses no job when its worker is killed in the middle of the load', async () => {
    const jobs = ids('killed', 3_000);
    const submitAll = (some: readonly string[]) => Promise.all(some.map((job, i) => submit(lanes[i % 3] as Lane, request(job))));
    const [worker] = workersOfThisProcess();
    assert(worker !== undefined);
    const submitted = submitAll(jobs.slice(0, 2_000));
    await waitFor(() => ends.has('killed-100'), { deadlineMs: 30_000, what: 'the load is under way' });
    process.kill(worker, 'SIGKILL');
    await Promise.all([submitted, submitAll(jobs.slice(2_000))]);
    await untilEnded(jobs);
    assert.deepEqual(new Set(jobs.map((job) => endOf(job)?.type)), new Set(['AnalysisCompleted']));
    await waitFor(() => !workersOfThisProcess().includes(worker) && workersOfThisProcess().length === 1, {
      deadlineMs: 30_000,
      what: 'another worker has taken over',
    });
  });

  it('goes on where it was when it is stopped in the middle of the load and started again', async () => {
    const jobs = ids('restarted', 3_000);
    const submitted = Promise.all(jobs.map((job, i) => submit(lanes[i % 3] as Lane, request(job))));
    await waitFor(() => ends.has('restarted-100'), { deadlineMs: 30_000, what: 'the load is under way' });
    await stopAll(app);
    await submitted;
    await startApp(misbehaving);
    await untilEnded(jobs);
  });

  it('ends a job that crashes its worker every time as failed and parks it; its neighbours are answered', async () => {
    const neighbours = ids('neighbour', 20);
    await Promise.all([
      submit('urgent', misbehavingRequest('poison', 'die')),
      ...neighbours.map((job) => submit('urgent', request(job))),
    ]);
    await untilEnded(['poison', ...neighbours]);
    assert.deepEqual(
      [endOf('poison')?.type, endOf('poison')?.failure?.code, endOf('poison')?.attempt],
      ['AnalysisFailed', 'MODEL_CRASHED', 3],
    );
    assert.deepEqual(new Set(neighbours.map((job) => endOf(job)?.type)), new Set(['AnalysisCompleted']));
    const admin = stack.admin();
    await waitFor(async () => (await parkedIn(admin, deadLetterTopicOf(groups.inference.urgent))) === 1, {
      deadlineMs: 20_000,
      what: 'the poison job stands on the dead-letter topic',
    });
    await admin.close();
  });
});

async function parkedIn(admin: ReturnType<TestStack['admin']>, topic: string): Promise<number> {
  const bounds = await admin.logBounds([topic]);
  return bounds.reduce((sum, { logStartOffset, logEndOffset }) => sum + logEndOffset - logStartOffset, 0);
}
