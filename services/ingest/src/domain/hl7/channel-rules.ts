/** What a channel agreed with its senders, as far as the mapping needs it. Read from the channel file by mllp/channel-settings.ts. */
import type { Zone } from './time.ts';

export type ChannelRules = {
  /** First part of every patient key and placer authority of this channel: two hospitals both have a patient 0001. */
  readonly facility: string;
  /** Which repetition of PID-3 (and MRG-1) names the patient: CX.4 (namespace or universal id) and CX.5, both exactly. */
  readonly patientId: { readonly authority: string; readonly type: string };
  /** Of times without offset. */
  readonly zone: Zone;
  /**
   * HL7 has no code for "urgent" (facts 6.9): such an order carries one of these codes and, beside it, the word `urgent` in this field of
   * its order group. Never A, which is asap.
   */
  readonly urgent: { readonly codes: readonly ('R' | 'T')[]; readonly segment: string; readonly field: number };
};
