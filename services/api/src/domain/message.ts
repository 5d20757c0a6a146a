/**
 * A received message as a pure reducer. The same message sent again carries the same id and is answered again: the newest answer is shown,
 * an older one never comes back.
 */
import type { MessageEvent } from '@clinstream/contracts';

export type MessageState = Omit<MessageEvent, 'type'> & { readonly version: number };

/** The state after one more event; the very same object when the event changes nothing. */
export function reduceMessage(state: MessageState | null, event: MessageEvent): MessageState | null {
  if (event.type === 'Unknown') return state;
  if (state !== null && event.receivedAt <= state.receivedAt) return state;
  const { type: _, ...facts } = event;
  return { ...facts, version: (state?.version ?? 0) + 1 };
}

/** Whether the same sender used this message's control id for other content as well. */
export const reusesControlId = (message: MessageState, all: readonly MessageState[]): boolean =>
  all.some(
    (other) =>
      other.controlId === message.controlId &&
      other.sendingApplication === message.sendingApplication &&
      other.sendingFacility === message.sendingFacility &&
      other.digest !== message.digest,
  );
