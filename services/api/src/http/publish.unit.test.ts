import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Envelope, topics } from '@clinstream/contracts';
import { AppError } from '@clinstream/runtime/errors';
import { ProblemError } from '@clinstream/runtime/http';
import type { EventProducer } from '@clinstream/runtime/producer';
import type { FastifyRequest } from 'fastify';
import { raised, today } from '../../test/events.ts';
import { createPublish } from './publish.ts';

const request = { id: 'req-1', headers: {} } as unknown as FastifyRequest;
const decided = { topic: topics.alerts, key: 'patient', event: raised('x', { type: 'AlertAcknowledged' }), eventId: 'e' };
const problemOf = async (publish: EventProducer['publish']): Promise<unknown> => {
  const error = await createPublish({ publish }, 1)(request, decided).catch((thrown: unknown) => thrown);
  if (!(error instanceof ProblemError)) return error;
  const { status, code, mayHaveBeenAccepted } = error.problem as ProblemError['problem'] & { mayHaveBeenAccepted?: unknown };
  return [status, code, mayHaveBeenAccepted];
};

test('a log that does not confirm in time, or says it cannot, is answered 503: it may have been accepted', async () => {
  const away = new AppError({
    code: 'KAFKA_UNAVAILABLE',
    kind: 'retryable',
    scope: 'dependency',
    stage: 'publish',
    message: 'away',
  });
  assert.deepEqual(await problemOf(() => new Promise(() => {})), [503, 'KAFKA_UNAVAILABLE', true]);
  assert.deepEqual(await problemOf(() => Promise.reject(away)), [503, 'KAFKA_UNAVAILABLE', true]);
});

test('what is certainly not accepted is told as it is', async () => {
  const tooLarge = new AppError({ code: 'RECORD_TOO_LARGE', kind: 'poison', stage: 'publish', message: 'too large' });
  assert.equal(await problemOf(() => Promise.reject(tooLarge)), tooLarge);
});

test('the envelope says who published what and when, under the id of the decision', async () => {
  let envelope: Envelope | undefined;
  const publish: EventProducer['publish'] = async (event) => {
    envelope = event.envelope;
    return { topic: event.topic, partition: 0, offset: 7 };
  };
  assert.equal((await createPublish({ publish })(request, decided)).offset, 7);
  assert.deepEqual(
    [envelope?.eventId, envelope?.eventType, envelope?.occurredAt, envelope?.source, envelope?.correlationId],
    ['e', 'AlertAcknowledged', today, 'api', 'req-1'],
  );
});
