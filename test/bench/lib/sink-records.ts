/** Batches as the sink's consumer hands them over: requests of new jobs and, a batch behind, their results. Pure. */
import { type AnalysisEnded, type AnalysisRequested, allTopics, topics } from '@clinstream/contracts';
import type { AssignedPartition, DecodedRecord, PartitionProgress } from '@clinstream/runtime/pipeline';
import { today as at, ended, requested } from '@clinstream/testkit/events';
import { jobIdOf, patientOf } from './cases.ts';

export type SinkBatch = { readonly records: readonly DecodedRecord[]; readonly progress: readonly PartitionProgress[] };

const keys = 5_000;

export const wholeLog: readonly AssignedPartition[] = allTopics.map((topic) => ({
  topic,
  partition: 0,
  logStartOffset: 0,
  logEndOffset: 1_000_000_000,
}));

/** All records of `jobs` jobs, half requests and half results in each batch. */
export function sinkBatches(jobs: number, batchRecords: number): readonly SinkBatch[] {
  const half = batchRecords / 2;
  const parts = Math.ceil(jobs / half);
  return Array.from({ length: parts + 1 }, (_, part) => {
    const requests = span(part * half, Math.min(jobs, (part + 1) * half)).map(requestRecord);
    const results = span((part - 1) * half, Math.min(jobs, part * half)).map(resultRecord);
    return { records: [...requests, ...results], progress: [...progressOf(requests), ...progressOf(results)] };
  });
}

const span = (from: number, to: number): readonly number[] =>
  from < 0 ? [] : Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

function progressOf(records: readonly DecodedRecord[]): readonly PartitionProgress[] {
  const [first, last] = [records[0], records.at(-1)];
  if (first === undefined || last === undefined) return [];
  const { topic, partition, offset: fromOffset } = first;
  return [{ topic, partition, fromOffset, nextOffset: last.offset + 1, clusterId: 'bench', gaps: [] }];
}

const requestRecord = (index: number): DecodedRecord => recordOf(topics.requests.routine, index, requestedEvent(index));
const resultRecord = (index: number): DecodedRecord => recordOf(topics.results.routine, index, endedEvent(index));

function recordOf(topic: DecodedRecord['topic'], offset: number, event: AnalysisRequested | AnalysisEnded): DecodedRecord {
  const eventId = `${event.jobId}:1:${event.type}`;
  const rest = { occurredAt: at, correlationId: event.jobId, traceparent: null, source: 'bench', attempt: 1 };
  const envelope = { eventId, eventType: event.type, ...rest };
  return { topic, partition: 0, offset, key: event.patientKey ?? event.jobId, timestamp: at, envelope, event };
}

const requestedEvent = (index: number): AnalysisRequested =>
  requested(jobIdOf('sink', index), { patientKey: patientOf(index, keys), requestedAt: at + index });

const endedEvent = (index: number): AnalysisEnded =>
  ended(jobIdOf('sink', index), {
    patientKey: patientOf(index, keys),
    modelDigest: `sha256:${'a'.repeat(64)}`,
    prediction: { label: 'malignant', probability: index / 1e7, margin: null },
    evidence: null,
    startedAt: at + index + 20,
    endedAt: at + index + 30,
  });
