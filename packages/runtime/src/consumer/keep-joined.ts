/**
 * Joins the group again and again, whatever ends a session, until stopped. Kafka being away is waited out with jittered back-off; a crash that is
 * no connection trouble ends it for good.
 */
import type { AppError } from '../errors/app-error.ts';
import { backOffDelay, dependencyBackOff, sleep } from '../errors/back-off.ts';
import { classify, runtimeError } from '../errors/classify.ts';
import type { Session } from './kafka-session.ts';

export type KeepJoinedOptions = {
  readonly open: () => Promise<Session>;
  readonly stopping: AbortSignal;
  readonly now: () => number;
  readonly onOpened: (session: Session) => void;
  /** The session is over; `reason` is null when it was asked to end. */
  readonly onEnded: (reason: AppError | null) => void;
  readonly onFatal: (error: AppError) => void;
};

/** A session that lasted this long shows that Kafka was there: back-off begins anew. */
const goodSessionMs = 30_000;

/** Resolves when stopped, or after `onFatal`. Never rejects. */
export async function keepJoined(options: KeepJoinedOptions): Promise<void> {
  const { stopping, now } = options;
  for (let attempt = 1; !stopping.aborted; attempt++) {
    const openedAt = now();
    const error = await liveOnce(options);
    const reason = error === null ? null : crashReason(error);
    options.onEnded(reason);
    if (reason === null || stopping.aborted) return;
    if (reason.kind === 'fatal') return options.onFatal(reason);
    if (now() - openedAt > goodSessionMs) attempt = 1;
    await sleep(backOffDelay(dependencyBackOff, attempt), stopping);
  }
}

async function liveOnce({ open, stopping, onOpened }: KeepJoinedOptions): Promise<Error | null> {
  try {
    const session = await open();
    onOpened(session);
    if (stopping.aborted) await session.stop();
    return await session.ended;
  } catch (error) {
    return classify(error, 'receive');
  }
}

function crashReason(error: Error): AppError {
  const reason = classify(error, 'receive');
  return reason.code === 'UNCLASSIFIED' ? runtimeError('CONSUMER_CRASHED', 'receive', { cause: error }) : reason;
}
