/** Asks the handler where to begin with new partitions, until it knows, they are lost, or it says that it never will. */
import type { AppError } from '../errors/app-error.ts';
import { backOffDelay, dependencyBackOff, sleep } from '../errors/back-off.ts';
import { classify } from '../errors/classify.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Lease } from './offset-tracker.ts';

export type StartAt = (leases: readonly Lease[], signal: AbortSignal) => Promise<ReadonlyMap<Lease, number | null>>;
export type StartingOptions = { readonly signal: AbortSignal; readonly onFatal: (error: AppError) => void; readonly log: Logger };

/** Never rejects. After a fatal answer it does not resolve: nothing may be read from these partitions. */
export async function askWhereToBegin(
  leases: readonly Lease[],
  startAt: StartAt,
  { signal, onFatal, log }: StartingOptions,
): Promise<ReadonlyMap<Lease, number | null>> {
  for (let attempt = 1; !signal.aborted; attempt++) {
    const owned = leases.filter(({ isOwned }) => isOwned);
    if (owned.length === 0) break;
    const answer = await startAt(owned, signal).catch((error: unknown) => classify(error, 'sink'));
    if (!(answer instanceof Error)) return answer;
    if (answer.kind !== 'retryable') {
      onFatal(answer);
      return new Promise(() => {});
    }
    if (attempt === 1) log.warn({ err: answer }, 'where to begin is not known yet, asking again');
    await sleep(backOffDelay(dependencyBackOff, attempt), signal);
  }
  return new Map();
}
