import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { AnalysisEnded, AnalysisProgressed, AnalysisRequested } from '@clinstream/contracts';
import { AppError } from '@clinstream/runtime/errors';
import type { EventContext } from '@clinstream/runtime/pipeline';
import type { OutgoingEvent } from '@clinstream/runtime/producer';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { createCatalogue } from '../domain/catalogue.ts';
import { exampleModel, exampleRequest } from '../domain/examples.ts';
import type { Model } from '../models/model-files.ts';
import type { PredictRequest } from '../runners/onnx/model-workers.ts';
import type { ModelAnswer } from '../runners/onnx/pack-batch.ts';
import {
  type AnalysisRequestedDeps,
  createAnalysisRequestedHandler,
  createAttemptsOf,
  createExhaustedHandler,
} from './analysis-requested.ts';
import { createJobEvents } from './job-events.ts';

const model: Model = { ...exampleModel(), modelFile: 'model.onnx', treesFile: 'trees.json' };
const answer: ModelAnswer = { probability: 0.9, evidence: null };
const crashed = new AppError({ code: 'MODEL_CRASHED', kind: 'retryable', stage: 'process', message: 'the worker died' });

function contextOf(attempt = 1, isAborted = () => false): EventContext {
  const signal = new AbortController().signal;
  const envelope = {
    eventId: 'event-1',
    eventType: 'AnalysisRequested',
    occurredAt: 1,
    correlationId: 'correlation-1',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    source: 'ingest',
    attempt: 1,
  };
  const record = { topic: 't', partition: 0, offset: 0, key: null, value: null, headers: {}, timestamp: 0 };
  return {
    ...{ record, envelope, position: record, attempt, signal, log: createSilentTelemetry().log },
    get isAborted() {
      return isAborted();
    },
  };
}

/** A handler whose model answers as told, and what it published. */
function world(predict: (request: PredictRequest) => Promise<ModelAnswer>, publish: () => Promise<void> = async () => {}) {
  let now = 1_000;
  const telemetry = createSilentTelemetry({ now: () => now++ });
  const published: OutgoingEvent[] = [];
  const producer = {
    publish: async (event: OutgoingEvent) => {
      published.push(event);
      await publish();
      return { topic: event.topic, partition: 0, offset: 0 };
    },
  };
  const deps: AnalysisRequestedDeps = {
    lane: 'urgent',
    catalogue: createCatalogue([model]),
    workers: { predict },
    events: createJobEvents('urgent', { producer: producer as never, telemetry }),
    telemetry,
  };
  const handle = createAnalysisRequestedHandler(deps);
  return {
    published,
    ended: () => published.map((event) => event.value as AnalysisEnded),
    progressed: () => published.map((event) => event.value as AnalysisProgressed),
    handle: (changes: Partial<AnalysisRequested> = {}, context = contextOf()) => handle(exampleRequest(changes), context),
    exhausted: (error: Error, context = contextOf()) => createExhaustedHandler(deps)(exampleRequest(), error, context),
    metrics: () => telemetry.registry.metrics(),
  };
}

describe('analysis requested', () => {
  it('runs the job and publishes its end on the lane’s results, under the patient’s key and a fixed id', async () => {
    const { handle, published, ended } = world(async () => answer);
    assert.deepEqual(await handle(), { kind: 'done' });
    const [event] = published;
    assert.deepEqual(
      [event?.topic, event?.key, event?.envelope.eventId],
      ['analysis.results.urgent.v1', 'H1|A|1', 'job-1:1:1:ended'],
    );
    assert.equal(event?.envelope.correlationId, 'correlation-1');
    assert.equal(event?.envelope.traceparent, contextOf().envelope.traceparent);
    assert.deepEqual([ended()[0]?.type, ended()[0]?.prediction?.label], ['AnalysisCompleted', 'ill']);
    assert.equal(published.length, 1, 'a fast job publishes no progress');
  });

  it('keys a job without a patient by itself', async () => {
    const { handle, published } = world(async () => answer);
    await handle({ patientKey: null });
    assert.equal(published[0]?.key, 'job-1');
  });

  it('asks the model for what the job asked for, alone from the second attempt on', async () => {
    const asked: PredictRequest[] = [];
    const { handle } = world(async (request) => {
      asked.push(request);
      return answer;
    });
    await handle({ evidence: true });
    await handle({}, contextOf(2));
    assert.deepEqual(
      asked.map((one) => [one.lane, one.explain, one.alone]),
      [
        ['urgent', true, false],
        ['urgent', false, true],
      ],
    );
  });

  it('ends a job outside the population as abstained and asks no model', async () => {
    const { handle, ended } = world(() => assert.fail('the model was asked'));
    assert.deepEqual(await handle({ subject: { ageYears: 9, sex: 'F' } }), { kind: 'done' });
    assert.deepEqual([ended()[0]?.type, ended()[0]?.reasons], ['AnalysisAbstained', ['OUTSIDE_POPULATION_AGE']]);
  });

  it('ends a job with an unusable input, and one for an unknown model, as failed', async () => {
    const { handle, ended, metrics } = world(() => assert.fail('the model was asked'));
    await handle({ inputProblem: { code: 'ANY_WORD', input: 'a' } });
    await handle({ model: 'made-up-name' });
    assert.deepEqual(
      ended().map((one) => one.failure?.code),
      ['ANY_WORD', 'MODEL_UNKNOWN'],
    );
    const text = await metrics();
    assert.ok(!text.includes('ANY_WORD') && !text.includes('made-up-name'), 'labels carry no words of the sender');
  });

  it('skips an event of an unknown type and publishes nothing', async () => {
    const { handle, published } = world(async () => answer);
    assert.deepEqual(await handle({ type: 'Unknown' }), { kind: 'skip', reason: 'UNKNOWN_EVENT_TYPE' });
    assert.deepEqual(published, []);
  });

  it('says that a failed attempt will be repeated, and why, but not after the last one', async () => {
    const { handle, progressed } = world(() => Promise.reject(crashed));
    await assert.rejects(handle({}, contextOf(2)), { code: 'MODEL_CRASHED' });
    await assert.rejects(handle({}, contextOf(3)), { code: 'MODEL_CRASHED' });
    assert.deepEqual(
      progressed().map((one) => [one.type, one.attempt, one.failureCode]),
      [['AnalysisRetried', 3, 'MODEL_CRASHED']],
    );
  });

  it('gives each job the tries its own model allows, and one of an unknown model a single one', () => {
    const patient: Model = {
      ...model,
      manifest: { ...model.manifest, name: 'patient', limits: { ...model.manifest.limits, attempts: 7 } },
    };
    const attemptsOf = createAttemptsOf(createCatalogue([model, patient]));
    assert.deepEqual(
      [exampleRequest(), exampleRequest({ model: 'patient' }), exampleRequest({ model: 'made-up-name' })].map(attemptsOf),
      [3, 7, 1],
    );
  });

  it('says nothing while a dependency is away: no attempt is counted', async () => {
    const away = new AppError({ code: 'X', kind: 'retryable', scope: 'dependency', stage: 'process', message: 'away' });
    const { handle, published } = world(() => Promise.reject(away));
    await assert.rejects(handle(), away);
    assert.deepEqual(published, []);
  });

  it('publishes that a job has started when the model is long at it', async () => {
    const { handle, progressed } = world(async (request) => {
      request.onLongRun();
      return answer;
    });
    await handle();
    assert.deepEqual([progressed()[0]?.type, progressed()[0]?.percent, progressed()[0]?.attempt], ['AnalysisStarted', 0, 1]);
  });

  it('does not count as done while the log has not confirmed the end', async () => {
    const { handle } = world(
      async () => answer,
      () => Promise.reject(new Error('no log')),
    );
    await assert.rejects(handle(), /no log/);
  });

  it('publishes no end after its time is up: the answer that comes late is dropped, the attempt counts as failed', async () => {
    let isLate = false;
    const { handle, published } = world(async () => {
      isLate = true;
      return answer;
    });
    await assert.rejects(
      handle(
        {},
        contextOf(3, () => isLate),
      ),
      { code: 'JOB_ABANDONED' },
    );
    assert.deepEqual(published, []);
  });

  it('repeats an end that the log may have as it was, also when the attempt has been given up as failed meanwhile', async () => {
    const away = new AppError({ code: 'X', kind: 'retryable', scope: 'dependency', stage: 'publish', message: 'away' });
    const confirmations: PromiseWithResolvers<void>[] = [];
    const { handle, exhausted, published } = world(
      async () => answer,
      () => {
        const confirmation = Promise.withResolvers<void>();
        confirmations.push(confirmation);
        return confirmation.promise;
      },
    );
    const late = handle({}, contextOf(3));
    while (confirmations.length < 1) await turn();
    const first = exhausted(crashed, contextOf(3));
    confirmations[0]?.resolve();
    confirmations[1]?.reject(away);
    await Promise.all([late, assert.rejects(first, away)]);
    const second = exhausted(crashed, contextOf(3));
    confirmations[2]?.resolve();
    await second;
    const contents = published.map(({ value, envelope }) => JSON.stringify([value, envelope]));
    assert.deepEqual([contents.length, new Set(contents).size], [3, 1]);
    assert.match(contents[0] ?? '', /AnalysisCompleted/);
  });

  it('ends a job whose result the log can never take as failed', async () => {
    const tooLarge = new AppError({ code: 'RECORD_TOO_LARGE', kind: 'poison', stage: 'publish', message: 'too large' });
    let refuse = true;
    const { handle, exhausted, ended } = world(
      async () => answer,
      async () => {
        if (refuse) throw tooLarge;
      },
    );
    await assert.rejects(handle(), tooLarge);
    refuse = false;
    await exhausted(tooLarge);
    assert.equal(ended().at(-1)?.failure?.code, 'RECORD_TOO_LARGE');
  });

  it('ends an exhausted job as failed with the code of the last error, under the id of that attempt', async () => {
    const { exhausted, published, ended } = world(async () => answer);
    await exhausted(crashed, contextOf(3));
    await exhausted(new Error('surprise'), contextOf(3));
    assert.deepEqual(
      ended().map((one) => one.failure?.code),
      ['MODEL_CRASHED', 'UNCLASSIFIED'],
    );
    assert.deepEqual(
      published.map((one) => one.envelope.eventId),
      ['job-1:1:3:ended', 'job-1:1:3:ended'],
    );
    assert.equal(ended()[0]?.modelDigest, 'model-digest');
  });
});
