/** What a message means to us: facts to publish, in order, part by part. Shared by the mappings of this folder. */
import type { Topic } from '@clinstream/contracts';
import type { Fault, Hl7Message } from '@clinstream/runtime/hl7';
import type { ModelCatalog } from '../model-catalog.ts';
import type { Origin, Publication } from '../publication.ts';
import type { ChannelRules } from './channel-rules.ts';

/** One of the topics with its own value type. */
export type Fact = { [T in Topic]: Publication<T> }[Topic];

/** One order of the message, for the answer and for the business identity of its number (facts 6.7). */
export type OrderPart = {
  readonly orderId: string;
  /** Of a new order: its number belongs to this content. Null for all other order controls. */
  readonly placement: { readonly contentDigest: string } | null;
  /** Which ORC of the message it came from, from 1. */
  readonly occurrence: number;
  /** ORC-1 of the answer when it took effect, and when it did not. */
  readonly accepted: 'OK' | 'XR';
  readonly unable: 'UA' | 'UX';
  /** Already known to be impossible; the rest of the message stands. */
  readonly refused: Fault | null;
  readonly facts: readonly Fact[];
};

export type Mapped = {
  /** The patient the message is about; the first one where there are several. */
  readonly patientKey: string;
  /** Every key its facts are published under: later messages of these wait for it. */
  readonly keys: readonly string[];
  readonly facts: readonly Fact[];
  readonly orders: readonly OrderPart[];
};

export type MappingContext = {
  readonly message: Hl7Message;
  readonly messageId: string;
  /** MSH-7. */
  readonly time: MessageTime;
  readonly origin: Origin;
  readonly channel: ChannelRules;
  readonly models: ModelCatalog;
};

export type MessageTime = { readonly epochMs: number; readonly isExact: boolean };

/**
 * The version our reducers rank by: message time in milliseconds. A sender without milliseconds may place and amend in one second, so
 * there the step orders what cannot both come first. Two amendments in one such second cannot be told apart: the first accepted stays.
 */
export const sourceVersionOf = (time: MessageTime, step: 0 | 1 | 2): number => time.epochMs + (time.isExact ? 0 : step);
