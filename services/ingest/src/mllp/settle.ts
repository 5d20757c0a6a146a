/**
 * Makes one message durable and gives it its answer. In: a message read and mapped; out: the answer, after everything it promises is true.
 *
 * Promise (design 3, facts 6.1): the raw message is in the blob store, then every event is confirmed by the log, then the `MessageReceived` that
 * tells of it, and only then is there an answer; rejects as soon as one of these fails. Every id follows from the message, so a repeat, of the
 * whole or of the half that failed, lands on the same events.
 */

import type { Fault, Segment } from '@clinstream/runtime/hl7';
import type { EventProducer } from '@clinstream/runtime/producer';
import type { Telemetry } from '@clinstream/runtime/telemetry';
import type { Header } from '../domain/hl7/header.ts';
import type { Fact, Mapped } from '../domain/hl7/mapped.ts';
import type { ModelCatalog } from '../domain/model-catalog.ts';
import { type Answer, answerTo, type OrderAnswers, type Verdict } from './acknowledge.ts';
import type { Channel } from './channel-settings.ts';
import { type MessageIdentity, wireOrdersOf } from './message.ts';
import { messageReceivedFact } from './message-received.ts';
import { type OrderReservations, type PlacedOrders, reservePlacements } from './placements.ts';

/** As much of ingest's other parts as a channel needs. */
export type SettleDeps = {
  readonly producer: Pick<EventProducer, 'publish'>;
  readonly blobs: { put(bytes: Buffer): Promise<string> };
  /** Null: no store of business identities; the order reducer then flags conflicting orders. */
  readonly reservations: OrderReservations | null;
  readonly models: ModelCatalog;
  readonly telemetry: Telemetry;
};

export type Job = {
  readonly bytes: Buffer;
  readonly wireHeader: Segment;
  readonly header: Header;
  readonly identity: MessageIdentity;
  readonly mapped: Mapped | Fault;
  /** HL7 v2 carries no trace: each delivery begins one, which all its events share. */
  readonly traceparent: string;
};

export type Settled = { readonly answer: Answer; readonly fault: Fault | null };

export async function settle(job: Job, channel: Channel, deps: SettleDeps): Promise<Settled> {
  const { header, identity, mapped } = job;
  const receivedAt = deps.telemetry.clock.now();
  const blobRef = await deps.blobs.put(job.bytes);
  const { verdict, orders } = 'condition' in mapped ? refusedFor(mapped) : await takeEffect(job, mapped, deps);
  const answer = answerTo({
    ...job,
    verdict,
    orders,
    messageId: identity.messageId,
    now: new Date(deps.telemetry.clock.now()),
    orderAnswers: channel.orderAnswers,
  });
  const fault = verdict.kind === 'refused' || verdict.kind === 'partly' ? verdict.fault : null;
  await deps.producer.publish(
    messageReceivedFact({
      listener: channel.name,
      header,
      identity,
      patientKey: 'condition' in mapped ? null : mapped.patientKey,
      blobRef,
      byteLength: job.bytes.length,
      acknowledgement: answer.code,
      errorCode: fault?.code ?? null,
      receivedAt,
      traceparent: job.traceparent,
    }),
  );
  return { answer, fault };
}

type Outcome = { readonly verdict: Verdict; readonly orders: OrderAnswers | null };

const refusedFor = (fault: Fault): Outcome => ({ verdict: { kind: 'refused', fault }, orders: null });

async function takeEffect(job: Job, mapped: Mapped, deps: SettleDeps): Promise<Outcome> {
  // T and D are checked, kept and answered; they never reach production (facts 6.16).
  if (job.header.processingId !== 'P') return { verdict: { kind: 'accepted' }, orders: null };
  const placed = await reservePlacements(mapped.orders, deps.reservations, deps.telemetry.clock.now());
  await publishAll([...mapped.facts, ...placed.facts], deps.producer);
  const [fault] = placed.refused;
  const verdict: Verdict = fault === undefined ? { kind: 'accepted' } : { kind: 'partly', fault };
  return { verdict, orders: orderAnswers(job.bytes, placed) };
}

/** Hands all over in order, waits for every one to end, and rejects with the first that failed: none is still under way afterwards. */
async function publishAll(facts: readonly Fact[], producer: SettleDeps['producer']): Promise<void> {
  const confirmations = await Promise.allSettled(facts.map((fact) => producer.publish(fact)));
  const lost = confirmations.find((one) => one.status === 'rejected');
  if (lost) throw lost.reason;
}

function orderAnswers(bytes: Buffer, { controls }: PlacedOrders): OrderAnswers | null {
  if (controls.length === 0) return null;
  const { pid, orders } = wireOrdersOf(bytes);
  const answered = controls.flatMap(({ control, occurrence }) => {
    const order = orders[occurrence - 1];
    return order === undefined ? [] : [{ control, ...order }];
  });
  return { pid, orders: answered };
}
