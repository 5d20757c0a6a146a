/** Fills a lane with jobs through the real producer and codecs. */
import { type AnalysisRequested, type Lane, topics } from '@clinstream/contracts';
import { createKafka } from '@clinstream/runtime/kafka';
import { createEventProducer } from '@clinstream/runtime/producer';
import { createCodecs } from '@clinstream/runtime/registry';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { random, requestOf } from './cases.ts';
import type { BenchStack } from './stack.ts';

/** What the jobs are like, where it is not the usual. */
export type Mixture = {
  /** Patients the jobs are spread over; default the stack's. */
  readonly keys?: number;
  /** Every job with an even number is of one patient. */
  readonly isHalfHot?: boolean;
  /** Bytes added to each record. */
  readonly padBytes?: number;
};
export type PreloadOptions = Mixture & {
  readonly run: string;
  readonly jobs: number;
  readonly evidence: boolean;
  readonly lane?: Lane;
};

/** Records of one go; their bytes must stay below what the producer queues. */
const inFlight = 5_000;
const inFlightBytes = 16 * 1024 * 1024;

export type LaneDoor = { publish(value: AnalysisRequested): Promise<unknown>; close(): Promise<void> };

export async function openLane(stack: BenchStack, lane: Lane = 'routine'): Promise<LaneDoor> {
  const telemetry = createSilentTelemetry();
  const kafka = createKafka({ brokers: stack.brokers.split(','), tls: null, sasl: null }, telemetry);
  const topic = topics.requests[lane];
  const codecs = createCodecs({ registry: { url: stack.registryUrl, auth: null }, topics: [topic], telemetry });
  const producer = createEventProducer({ kafka, codecs, telemetry });
  await codecs.start();
  await producer.start();
  return {
    publish: (value) => producer.publish({ topic, key: value.patientKey ?? value.jobId, value, envelope: envelopeOf(value) }),
    close: async () => {
      await producer.stop(AbortSignal.timeout(10_000));
      await codecs.stop(AbortSignal.timeout(10_000));
    },
  };
}

export async function preload(stack: BenchStack, options: PreloadOptions): Promise<void> {
  const door = await openLane(stack, options.lane);
  const next = random(7);
  const step = Math.max(1, Math.min(inFlight, Math.floor(inFlightBytes / (1_000 + (options.padBytes ?? 0)))));
  for (let from = 0; from < options.jobs; from += step) {
    const part = Array.from({ length: Math.min(step, options.jobs - from) }, (_, i) =>
      requestOf(stack.manifest, from + i, next, {
        run: options.run,
        keys: options.keys ?? stack.keys,
        evidence: options.evidence,
        now: Date.now(),
      }),
    );
    await Promise.all(part.map((value, i) => door.publish(mixed(value, from + i, options))));
  }
  await door.close();
}

const envelopeOf = (value: AnalysisRequested) => ({
  eventId: `${value.jobId}:1:requested`,
  eventType: value.type,
  occurredAt: value.requestedAt,
  correlationId: value.jobId,
  traceparent: null,
  source: 'ingest',
  attempt: 1,
});

function mixed(value: AnalysisRequested, index: number, { isHalfHot = false, padBytes = 0 }: Mixture): AnalysisRequested {
  const patientKey = isHalfHot && index % 2 === 0 ? 'BENCH|MRN|hot' : value.patientKey;
  return { ...value, patientKey, requestedBy: padBytes > 0 ? 'b'.repeat(padBytes) : value.requestedBy };
}
