/** The retry stage's decision: what happens to a record whose handling failed. Pure. */
import { type RetryTier, retryTiers } from '@clinstream/contracts';
import type { AppError } from '../errors/app-error.ts';
import { backOffDelay } from '../errors/back-off.ts';
import type { RetryPolicy } from './types.ts';

export type FailureDecision =
  /** The group waits; no attempt is counted. */
  | { readonly kind: 'pause' }
  /** The key waits. */
  | { readonly kind: 'wait'; readonly delayMs: number }
  /** Through the group's retry topic; the key goes on without it. */
  | { readonly kind: 'retry-topic'; readonly tier: RetryTier; readonly notBefore: number }
  | { readonly kind: 'park' }
  | { readonly kind: 'fatal' };

/** Longest wait between two tries of one message. */
const maxDelayMs = 24 * 3_600_000;

export function decideFailure(
  error: AppError,
  attempt: number,
  policy: RetryPolicy,
  at: { now: number; random: number },
): FailureDecision {
  if (error.kind === 'fatal') return { kind: 'fatal' };
  if (error.kind !== 'retryable') return { kind: 'park' };
  if (error.scope === 'dependency') return { kind: 'pause' };
  if (attempt >= policy.attempts) return { kind: 'park' };
  const delayMs = error.retryAfterMs ?? backOffDelay({ baseMs: policy.baseDelayMs, maxMs: maxDelayMs }, attempt, at.random);
  if (delayMs <= policy.maxInPlaceDelayMs || !policy.tiers) return { kind: 'wait', delayMs };
  return { kind: 'retry-topic', tier: tierFor(delayMs), notBefore: at.now + delayMs };
}

/** The longest tier that does not overshoot; waits shorter than every tier take the shortest. */
export function tierFor(delayMs: number): RetryTier {
  const fitting = retryTiers.filter((tier) => tier.delayMs <= delayMs);
  return fitting.at(-1) ?? retryTiers[0];
}
