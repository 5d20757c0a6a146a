/**
 * One order to the laboratory: as many messages as it takes until the laboratory knows what we know, usually one. In: the order as it is and the
 * ledger's notes; out: a verdict. Rules are in domain/lis; here they are called in turn. One long closure, because its steps share what was learned so far.
 *
 *   unanswered message ── proven by results, or resent (deduplicating peer, or a person asked) ──> decide ── needs nothing ──> delivered
 *          └── else needs review                                             ^       └─ message: note it, send it, read the answer ─┐
 *                                                                            └───────────────────── apply ────────────────────────┘
 */
import { sha256 } from '@clinstream/contracts';
import { AppError } from '@clinstream/runtime/errors';
import { encodeStrict } from '@clinstream/runtime/mllp';
import type { DeliveryContext, JsonObject, Verdict, Work } from '../../delivery/target.ts';
import { type Applied, acceptedMemo, applyMeaning } from '../../domain/lis/apply-meaning.ts';
import { classifyReply, type Meaning } from '../../domain/lis/classify-reply.ts';
import { type Decision, decideMessage, isProvenBy, type Situation } from '../../domain/lis/decide-message.ts';
import {
  effectOf,
  type LisEffect,
  type LisMemo,
  type LisSending,
  lastSendingOf,
  readMemo,
  unansweredOf,
} from '../../domain/lis/memo.ts';
import { orderEventOf } from '../../domain/lis/order-event.ts';
import type { Reply } from '../../domain/lis/read-reply.ts';
import { controlIdOf, renderOml } from '../../domain/lis/render-oml.ts';
import type { Line } from './client.ts';
import type { LisMllpCode } from './errors.ts';
import { type Said, say } from './say.ts';
import type { LisSettings } from './settings.ts';

export type DeliverOrderDeps = {
  readonly line: Line;
  readonly context: DeliveryContext;
  readonly settings: LisSettings;
  readonly now: () => number;
  onExchange(control: string, result: string, durationMs: number): void;
};

/** NW, then XO or CA: more in one go would be a circle. */
const mostMessages = 4;

export async function deliverOrder(work: Work, deps: DeliverOrderDeps): Promise<Verdict> {
  if (work.subject.kind !== 'order') return { outcome: 'held', code: 'LIS_NOT_AN_ORDER' };
  const order = work.subject.state;
  const { context, settings } = deps;
  const hasResults = work.related.observations.some(({ status }) => status !== 'entered_in_error' && status !== 'cancelled');
  const isRetiredPatient = (work.related.patient?.mergedInto ?? null) !== null;
  let memo = readMemo(work.delivered?.memo, work.intent?.memo);
  let force = work.force;
  let acknowledgement = work.delivered?.acknowledgement ?? null;
  let sent = false;
  /** The message in hand left us. */
  let left = false;

  const situation = (): Situation => ({ order, memo, hasResults, isRetiredPatient, force });

  /** Says one message; null: look what comes next. */
  async function exchange(sending: LisSending, isRepeat: boolean): Promise<Verdict | null> {
    const began = performance.now();
    left = false;
    const said = await say({ line: deps.line, sending, channel: settings.channel, charset: settings.charset });
    left = sent = true;
    deps.onExchange(sending.control, resultOf(said), performance.now() - began);
    const reply = said.kind === 'answered' ? said.reply : said.committed;
    if (reply === null) return lost(said, work, settings.channel.deduplicates, memo);
    acknowledgement = reply.code;
    const meaning = classifyReply(reply, { control: sending.control, placerNumber: order.placerNumber }, settings.channel);
    const applied = applyMeaning({ memo, sending, meaning, acknowledgement, mayBeKnown: isRepeat || hasResults });
    if (applied.effect !== null) await take(applied.memo, applied.effect);
    memo = applied.memo;
    force = false;
    return applied.end === null ? null : await ended(applied, meaning, reply, sending);
  }

  /** Stored first: should the log be away now, the answer is not forgotten and the event is published on the next try. */
  async function take(next: LisMemo, effect: LisEffect): Promise<void> {
    await context.intend(work, { digest: digestOf(next), memo: json({ memo: next, sending: null, effect }) });
    await publish(effect, settings.channel.receivingApplication);
  }

  const publish = (effect: LisEffect, by: string): Promise<void> => context.publish(orderEventOf(order, effect, by, deps.now()));

  async function ended({ end, memo: next }: Applied, meaning: Meaning, reply: Reply, sending: LisSending): Promise<Verdict> {
    const { outcome, code } = end ?? { outcome: 'needs_review', code: 'LIS_ANSWER_UNEXPECTED' };
    if (outcome === 'retry') {
      await context.intend(work, { digest: sending.digest, memo: json({ memo: next, sending, effect: null }) });
      return { outcome: 'retry', afterMs: settings.retryAfterMs, code, memo: json(next) };
    }
    const detail = { meaning: meaning.kind, conditions: reply.conditions, orders: reply.orders.map(({ control }) => control) };
    return { outcome, code, acknowledgement: reply.code, detail, memo: json(next) };
  }

  async function cancelHere(version: number): Promise<Verdict> {
    await publish({ type: 'OrderCancelled', version, fillerNumber: null }, 'sync');
    return { outcome: 'held', code: 'LIS_ORDER_CANCELLED', memo: json(memo) };
  }

  async function settleLast(): Promise<Verdict | null> {
    const effect = effectOf(work.intent?.memo);
    if (effect !== null) await publish(effect, settings.channel.receivingApplication);
    const unanswered = unansweredOf(work.intent?.memo, memo);
    if (unanswered === null) return null;
    if (isProvenBy(unanswered, { order, hasResults })) {
      memo = acceptedMemo(memo, unanswered, null);
      return null;
    }
    if (settings.channel.deduplicates || force) return exchange(unanswered, true);
    return review('LIS_OUTCOME_UNKNOWN', acknowledgement, memo);
  }

  async function send(decision: Extract<Decision, { kind: 'send' }>): Promise<Verdict | null> {
    const { refused } = memo;
    if (refused !== null && refused.digest === decision.digest && refused.control === decision.control && !force) {
      const { outcome, code } = refused;
      return { outcome, code, acknowledgement: refused.acknowledgement, detail: null, memo: json(memo) };
    }
    const composed = compose(decision);
    if ('outcome' in composed) return composed;
    // Only once there is a connection: a message noted and never sent would look like one nobody answered.
    await deps.line.connect();
    await context.intend(work, { digest: composed.digest, memo: json({ memo, sending: composed, effect: null }) });
    try {
      return await exchange(composed, false);
    } catch (error) {
      // It was noted and then nothing left: without this it would look like a message nobody answered.
      if (!left) await context.intend(work, { digest: composed.digest, memo: json({ memo, sending: null, effect: null }) });
      throw error;
    }
  }

  function compose({ control, digest, cancelVersion }: Extract<Decision, { kind: 'send' }>): LisSending | Verdict {
    const controlId = controlIdOf(order.orderId, memo.settled, control, digest);
    const sending = { control, controlId, digest, cancelVersion, answers: memo.answers };
    const last = lastSendingOf(work.intent?.memo);
    if (last !== null && last.controlId === controlId) return { ...sending, bytes: last.bytes };
    const fillerNumber = memo.fillerNumber ?? order.fillerNumber;
    const { channel, charset } = settings;
    const { patient, order: parent } = work.related;
    const text = renderOml({ order, patient, parent, control, controlId, fillerNumber, cancelVersion, channel, now: deps.now() });
    if (text === null) return review('LIS_PATIENT_KEY_UNUSABLE', null, memo);
    const bytes = encodeStrict(text, charset);
    return bytes === null ? review('LIS_TEXT_NOT_ENCODABLE', null, memo) : { ...sending, bytes: bytes.toString('base64') };
  }

  async function next(): Promise<Verdict | null> {
    const decision = decideMessage(situation(), settings.channel);
    switch (decision.kind) {
      case 'send':
        return send(decision);
      case 'cancel_here':
        return cancelHere(decision.cancelVersion);
      case 'unchanged':
        return {
          outcome: 'delivered',
          sent,
          digest: digestOf(memo),
          remoteId: memo.fillerNumber,
          remoteVersion: null,
          acknowledgement,
          memo: json(memo),
        };
      case 'held':
        return { outcome: 'held', code: decision.code, memo: json(memo) };
      case 'needs_review':
        return review(decision.code, null, memo);
    }
  }

  try {
    let verdict = await settleLast();
    for (let messages = 0; verdict === null && messages < mostMessages; messages++) verdict = await next();
    return verdict ?? review('LIS_ANSWER_UNEXPECTED', acknowledgement, memo);
  } catch (error) {
    // What was answered before the laboratory went away must not be lost with it.
    if (!sent || !isUnreachable(error)) throw error;
    await context.intend(work, { digest: digestOf(memo), memo: json({ memo, sending: null, effect: null }) });
    return { outcome: 'retry', afterMs: error.retryAfterMs ?? settings.retryAfterMs, code: error.code, memo: json(memo) };
  }
}

const isUnreachable = (error: unknown): error is AppError => error instanceof AppError && error.code === 'LIS_UNREACHABLE';

function lost(said: Said, { attempts }: Work, deduplicates: boolean, memo: LisMemo): Verdict {
  if (said.kind === 'unanswered' && said.why === 'aborted') {
    return { outcome: 'retry', afterMs: 0, code: 'LIS_INTERRUPTED', memo: json(memo) };
  }
  if (!deduplicates) return review('LIS_OUTCOME_UNKNOWN', null, memo);
  return {
    outcome: 'retry',
    afterMs: Math.min(60_000, 1_000 * 2 ** Math.min(attempts, 10)),
    code: 'LIS_NO_ANSWER',
    memo: json(memo),
  };
}

const resultOf = (said: Said): string => (said.kind === 'answered' ? said.reply.code : said.why);

const review = (code: LisMllpCode, acknowledgement: string | null, memo: LisMemo): Verdict => ({
  outcome: 'needs_review',
  code,
  acknowledgement,
  detail: null,
  memo: json(memo),
});

/** Of what the laboratory knows now. */
const digestOf = ({ known, digest, cancelAnswered }: LisMemo): string => sha256(JSON.stringify([known, digest, cancelAnswered]));

const json = (value: object): JsonObject => value as JsonObject;
