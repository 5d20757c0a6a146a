/** The AsyncAPI 3.0 document of all topics, from the contracts alone: names, headers, Avro schemas, keys. Pure. */
import {
  allGroups,
  allTopics,
  deadLetterTopicOf,
  headerNames,
  parkedHeaderNames,
  retryingGroups,
  retryTiers,
  retryTopicOf,
  schemaOf,
  type Topic,
} from '../src/index.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };
type HeaderDocs<T> = { readonly [K in keyof T]: JsonObject };

const headerDocs: HeaderDocs<typeof headerNames> = {
  eventId: { type: 'string', description: 'deterministic: the same fact published twice carries the same id' },
  eventType: { type: 'string', description: "the value's `type`" },
  occurredAt: { type: 'string', pattern: '^[0-9]+$', description: 'epoch milliseconds, when the fact became true' },
  correlationId: { type: 'string', description: 'one id for everything that follows from one message or request' },
  traceparent: { type: 'string', description: 'W3C trace context; absent when the source sent none' },
  source: { type: 'string', description: 'publishing service' },
  attempt: {
    type: 'string',
    pattern: '^[0-9]+$',
    description: 'try at handling the event, from 1; only retry topics carry more',
  },
};

const parkedHeaderDocs: HeaderDocs<typeof parkedHeaderNames> = {
  originTopic: { type: 'string', description: 'topic the record was first read from' },
  originPartition: { type: 'string', pattern: '^[0-9]+$', description: 'its partition there' },
  originOffset: { type: 'string', pattern: '^[0-9]+$', description: 'its offset there' },
  errorCode: { type: 'string', description: 'why it was parked, see the list of error codes' },
  stage: { type: 'string', description: 'where in the pipeline' },
  attempts: { type: 'string', pattern: '^[0-9]+$', description: 'tries so far' },
  firstFailedAt: { type: 'string', description: 'when the first try failed' },
  parkedAt: { type: 'string', description: 'when it was put here' },
  notBefore: { type: 'string', description: 'retry topics only: the earliest moment of the next try' },
};

export function asyncApiOf(version: string): JsonObject {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Clinstream events',
      version,
      description:
        'Every topic, what it carries and how to read it. Values are Avro in the Confluent wire format (byte 0, four-byte schema id, body) under the ' +
        'subject `<topic>-value`; headers are UTF-8 text and never hold patient data. Delivery is at least once: an event id takes effect once.',
    },
    defaultContentType: 'application/octet-stream',
    channels: { ...entries(allTopics, topicChannel), ...entries(allGroups, parkedChannels) },
    operations: entries(allTopics, topicOperation),
    components: {
      messages: entries(allTopics, message),
      messageTraits: { envelope: { headers: headersOf(headerNames, headerDocs, ['traceparent']) } },
      schemas: entries(allTopics, avroSchema),
    },
  };
}

const entries = <T extends string>(keys: readonly T[], of: (key: T) => JsonObject): JsonObject =>
  Object.assign({}, ...keys.map(of));

const topicChannel = (topic: Topic): JsonObject => ({
  [topic]: {
    address: topic,
    description: docOf(topic),
    messages: { [recordOf(topic)]: { $ref: `#/components/messages/${recordOf(topic)}` } },
    bindings: { kafka: { topic, bindingVersion: '0.5.0' } },
  },
});

const topicOperation = (topic: Topic): JsonObject => ({
  [`publish.${topic}`]: { action: 'send', channel: { $ref: `#/channels/${topic}` } },
});

const message = (topic: Topic): JsonObject => ({
  [recordOf(topic)]: {
    name: recordOf(topic),
    summary: docOf(topic),
    contentType: 'application/octet-stream',
    traits: [{ $ref: '#/components/messageTraits/envelope' }],
    payload: { $ref: `#/components/schemas/${recordOf(topic)}` },
    bindings: {
      kafka: {
        key: {
          type: 'string',
          description: 'patient key (facility|assigning authority|patient id), or the job id where there is no patient',
        },
        schemaIdLocation: 'payload',
        schemaIdPayloadEncoding: 'confluent',
        bindingVersion: '0.5.0',
      },
    },
  },
});

const avroSchema = (topic: Topic): JsonObject => ({
  [recordOf(topic)]: { schemaFormat: 'application/vnd.apache.avro+json;version=1.9.0', schema: schemaOf[topic] as JsonObject },
});

/** What one consumer group keeps to itself. */
const parkedChannels = (group: string): JsonObject => ({
  ...entries(retryingGroups.includes(group) ? retryTiers.map((tier) => retryTopicOf(group, tier)) : [], (topic) =>
    parkedChannel(topic, `Work of ${group} that waits for its next try.`),
  ),
  ...parkedChannel(deadLetterTopicOf(group), `What ${group} gave up on, for people to see and replay.`),
});

const parkedChannel = (topic: string, description: string): JsonObject => ({
  [topic]: {
    address: topic,
    description,
    messages: {
      parked: {
        name: 'parked',
        summary: 'The original bytes, key and headers untouched, with headers that say where it came from and why.',
        contentType: 'application/octet-stream',
        headers: headersOf(parkedHeaderNames, parkedHeaderDocs, ['notBefore']),
      },
    },
    bindings: { kafka: { topic, bindingVersion: '0.5.0' } },
  },
});

function headersOf<T extends Readonly<Record<string, string>>>(
  names: T,
  docs: HeaderDocs<T>,
  optional: readonly (keyof T)[],
): JsonObject {
  const keys = Object.keys(names) as (keyof T & string)[];
  return {
    type: 'object',
    properties: Object.fromEntries(keys.map((key) => [names[key] as string, docs[key]])),
    required: keys.filter((key) => !optional.includes(key)).map((key) => names[key] as string),
  };
}

const recordOf = (topic: Topic): string => (schemaOf[topic] as { name: string }).name;
const docOf = (topic: Topic): string => (schemaOf[topic] as { doc: string }).doc;
