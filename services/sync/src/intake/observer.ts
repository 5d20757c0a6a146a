/**
 * A part that wants to see a target's events as they are taken in (alerts), in the same transaction: once per event, in log order, or not at all.
 * It may write rows of its own tables only, and must not publish: what it wants to tell goes into a table and from there to its topic.
 */
import type { Topic } from '@clinstream/contracts';
import type { DecodedRecord } from '@clinstream/runtime/pipeline';
import type { Transaction } from '@clinstream/runtime/postgres';

export type IntakeObserver = {
  /** Read in addition to the target's own topics. */
  readonly topics: readonly Topic[];
  /** Records not seen before by offset; an event published twice may still come twice. */
  apply(tx: Transaction, records: readonly DecodedRecord[]): Promise<void>;
};
