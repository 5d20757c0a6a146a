/** Avro with the Confluent wire format (magic byte 0, 4-byte schema id, body). */
import type { Topic, TopicEvents } from '@clinstream/contracts';
import type { Component } from '../lifecycle/component.ts';

/**
 * `encode` is synchronous once the service is ready (schema ids are looked up at start, never registered by services).
 * `decode` answers at once when the writer's schema is known, otherwise asks the registry; an unknown id is remembered for a while.
 * Errors (AppError, stage decode): NOT_AVRO_FRAMED, SCHEMA_UNKNOWN, AVRO_UNREADABLE (poison); REGISTRY_UNAVAILABLE (retryable/dependency).
 */
export type Codecs = Component & {
  encode<T extends Topic>(topic: T, value: TopicEvents[T]): Buffer;
  decode<T extends Topic>(topic: T, bytes: Buffer): TopicEvents[T] | Promise<TopicEvents[T]>;
};
