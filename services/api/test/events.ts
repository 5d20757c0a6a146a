/** Test only. What the sink reads, by topic. */
import {
  type AnalysisEnded,
  type AnalysisProgressed,
  type AnalysisRequested,
  type Topic,
  type TopicEvents,
  topics,
} from '@clinstream/contracts';
import type { Placed } from '@clinstream/testkit/events';

export * from '@clinstream/testkit/events';

export const at = <T extends Topic>(topic: T, offset: number, event: TopicEvents[T], partition = 0): Placed<T> => ({
  topic,
  event,
  offset,
  partition,
});
export const onRequests = (offset: number, event: AnalysisRequested, partition = 0) =>
  at(topics.requests.routine, offset, event, partition);
export const onResults = (offset: number, event: AnalysisEnded, partition = 0) =>
  at(topics.results.routine, offset, event, partition);
export const onProgress = (offset: number, event: AnalysisProgressed, partition = 0) =>
  at(topics.progress, offset, event, partition);
