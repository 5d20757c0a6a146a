/**
 * One frame to its reply. In: a frame; out: what to send back and why. What a readable message means and how it is made durable is settle.ts;
 * here stands what is said when it cannot be read, cannot be kept, or takes too long. Nothing of the content is logged or thrown.
 */
import { AppError } from '@clinstream/runtime/errors';
import { at, type Fault, Hl7Fault, type Hl7Message, type Segment } from '@clinstream/runtime/hl7';
import type { Frame } from '@clinstream/runtime/mllp';
import { newTraceparent } from '@clinstream/runtime/telemetry';
import { type Header, readHeader } from '../domain/hl7/header.ts';
import { mapMessage } from '../domain/hl7/map-message.ts';
import type { Mapped } from '../domain/hl7/mapped.ts';
import { type Answer, answerTo } from './acknowledge.ts';
import type { Channel } from './channel-settings.ts';
import type { Reply } from './connection.ts';
import type { KeyedOrder } from './keyed-order.ts';
import { isFault, type MessageIdentity, type ReadFrame, readFrame, readWireHeaderOrNull } from './message.ts';
import { type Job, type SettleDeps, settle } from './settle.ts';

export type ReceiverDeps = SettleDeps;

/** What became of a frame. `answer` null: there was nothing to say. */
export type Received = {
  readonly reply: Reply;
  readonly answer: Answer | null;
  readonly header: Header | null;
  readonly identity: MessageIdentity | null;
  readonly fault: Fault | null;
  /** Why nothing could be confirmed. */
  readonly error: unknown;
};

export type Receiver = (frame: Frame) => Promise<Received>;

const tooLong: Fault = { condition: 102, code: 'MESSAGE_TOO_LONG', location: at('MSH', 0) };

/** Messages of one patient go one after another in the order of the calls; `order` is shared by all connections of a channel. */
export function createReceiver(channel: Channel, deps: ReceiverDeps, order: KeyedOrder): Receiver {
  const now = (): Date => new Date(deps.telemetry.clock.now());
  const rules = {
    name: channel.name,
    senders: channel.senders,
    processingIds: channel.processingIds,
    defaultCharset: channel.defaultCharset,
  };

  async function receive(bytes: Buffer): Promise<Received> {
    const read = readFrame(bytes, rules);
    if (read.kind === 'unreadable') return refusedUnkept(null, read.fault, now());
    // An acknowledgement is never acknowledged.
    if (read.header.messageType === 'ACK') return { ...nothingSaid, header: read.header, identity: read.identity };
    const traceparent = newTraceparent();
    const mapped = mappedOf(read, channel, deps, traceparent);
    const job: Job = { ...read, bytes, mapped, traceparent };
    const keys = 'condition' in mapped ? [] : mapped.keys;
    try {
      const settled = await within(
        channel.limits.answerTimeoutMs,
        order.run(keys, () => settle(job, channel, deps)),
      );
      return { ...settled, header: job.header, identity: job.identity, reply: replyTo(settled.answer), error: null };
    } catch (error) {
      return failed(job, error, channel, now());
    }
  }

  return async (frame) =>
    frame.kind === 'frame' ? receive(frame.bytes) : refusedUnkept(readWireHeaderOrNull(frame.head), tooLong, now());
}

type Message = Exclude<ReadFrame, { kind: 'unreadable' }>;

function mappedOf(read: Message, channel: Channel, { models }: ReceiverDeps, traceparent: string): Mapped | Fault {
  const { content, header, identity } = read;
  if (isFault(content)) return content;
  return map({ header, message: content, messageId: identity.messageId, channel: channel.rules, models, traceparent });
}

function map(input: Parameters<typeof mapMessage>[0] & { readonly message: Hl7Message }): Mapped | Fault {
  try {
    return mapMessage(input);
  } catch (error) {
    if (error instanceof Hl7Fault) return error.fault;
    throw error;
  }
}

/** No event of it is known to be lost or kept: the same message may come again. Only a record too large can never work. */
function failed(job: Job, error: unknown, channel: Channel, now: Date): Received {
  const { header, identity } = job;
  const isTooLong = error instanceof AppError && error.code === 'RECORD_TOO_LARGE';
  const answer = answerTo({
    ...job,
    verdict: isTooLong ? { kind: 'refused', fault: tooLong } : { kind: 'unconfirmed' },
    orders: null,
    messageId: identity.messageId,
    now,
    orderAnswers: channel.orderAnswers,
  });
  // A sender that wished for no such answer must not take silence for consent.
  const isClosing = !isTooLong && (channel.whenUnconfirmed === 'close' || answer.messages.length === 0);
  const reply: Reply = isClosing ? { kind: 'close' } : replyTo(answer);
  return { answer, reply, header, identity, fault: isTooLong ? tooLong : null, error };
}

/** Of a frame without a message we could tell apart: answered, not kept. */
function refusedUnkept(wireHeader: Segment | null, fault: Fault, now: Date): Received {
  const header = wireHeader === null ? noHeader : readHeader(wireHeader);
  const verdict = { kind: 'refused', fault } as const;
  const answer = answerTo({ wireHeader, header, verdict, orders: null, messageId: '', now, orderAnswers: 'ack' });
  return { answer, reply: replyTo(answer), header: null, identity: null, fault, error: null };
}

const replyTo = (answer: Answer): Reply => ({ kind: 'answer', messages: answer.messages });
const nothingSaid = { reply: { kind: 'answer', messages: [] }, answer: null, fault: null, error: null } as const;

const noHeader: Header = {
  sendingApplication: '',
  sendingFacility: '',
  time: '',
  messageType: '',
  event: '',
  controlId: '',
  processingId: '',
  version: '',
  acceptAcknowledgement: '',
  applicationAcknowledgement: '',
};

async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(notInTime()), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

const notInTime = (): AppError =>
  new AppError({
    code: 'MLLP_ANSWER_TIMEOUT',
    kind: 'retryable',
    scope: 'dependency',
    stage: 'publish',
    message: 'the log and the blob store did not confirm a message in time',
  });
