import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allTopics } from '@clinstream/contracts';
import { defaultProducerLimits } from '@clinstream/runtime/producer';
import { topicConfigOf, topicSpecs } from './topics.ts';

/** What a broker takes where nothing else is said. */
const brokerDefault = 1_048_588;
/** A record's frame in the log and the headers that parking adds. */
const overhead = 16_384;

test('whatever stands on an event topic fits on its retry and dead-letter topics, through our own producer', () => {
  for (const spec of topicSpecs) {
    const limit = Number(topicConfigOf(spec, null)['max.message.bytes'] ?? brokerDefault);
    if ((allTopics as readonly string[]).includes(spec.name)) assert.equal(limit, brokerDefault, spec.name);
    else assert.ok(limit >= defaultProducerLimits.maxParkedRecordBytes + overhead, spec.name);
  }
  assert.ok(defaultProducerLimits.maxParkedRecordBytes >= brokerDefault + overhead);
});
