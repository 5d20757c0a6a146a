/** The decode stage: from a record's bytes to its event. Undecodable is poison. A record from a retry topic is decoded as what it was. */
import { isRetryTopic, parkedHeaderNames, type Topic, type TopicEvents } from '@clinstream/contracts';
import type { ConsumedRecord } from '../consumer/types.ts';
import { runtimeError } from '../errors/classify.ts';
import type { Codecs } from '../registry/types.ts';
import { headerText } from './envelope.ts';

/** The topic whose schema the value follows. */
export const originTopicOf = (record: ConsumedRecord): string =>
  (isRetryTopic(record.topic) ? headerText(record.headers[parkedHeaderNames.originTopic]) : null) ?? record.topic;

/** Throws or rejects with AppError (RECORD_WITHOUT_VALUE and what Codecs.decode says). A promise only when the registry must be asked. */
export function decodeRecord<T extends Topic>(
  codecs: Codecs,
  topic: T,
  record: ConsumedRecord,
): TopicEvents[T] | Promise<TopicEvents[T]> {
  if (record.value === null) throw runtimeError('RECORD_WITHOUT_VALUE', 'decode');
  return codecs.decode(topic, record.value);
}
