/** Fills a lane with jobs through the real producer and codecs. */
import { type AnalysisRequested, type Lane, topics } from '@clinstream/contracts';
import { createKafka } from '@clinstream/runtime/kafka';
import { createEventProducer } from '@clinstream/runtime/producer';
import { createCodecs } from '@clinstream/runtime/registry';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { random, requestOf } from './cases.ts';
import type { BenchStack } from './stack.ts';

export type PreloadOptions = { readonly run: string; readonly jobs: number; readonly evidence: boolean; readonly lane?: Lane };

const inFlight = 5_000;

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
  for (let from = 0; from < options.jobs; from += inFlight) {
    const part = Array.from({ length: Math.min(inFlight, options.jobs - from) }, (_, i) =>
      requestOf(stack.manifest, from + i, next, {
        run: options.run,
        keys: stack.keys,
        evidence: options.evidence,
        now: Date.now(),
      }),
    );
    await Promise.all(part.map(door.publish));
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
