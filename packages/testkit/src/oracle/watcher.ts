/** Looks at one patient after another while a run goes on, and keeps what it saw. Looks that fail are left out: a reader without an answer saw nothing. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Reader } from './reader.ts';
import type { Snapshot } from './types.ts';

export type Watcher = { stop(): Promise<readonly Snapshot[]> };

/** One snapshot about every `everyMs`. */
export function startWatcher(
  reader: Pick<Reader, 'snapshot'>,
  patients: readonly string[],
  now: () => number,
  everyMs = 60,
): Watcher {
  const snapshots: Snapshot[] = [];
  const stopping = new AbortController();
  const watch = async (): Promise<void> => {
    for (let turn = 0; !stopping.signal.aborted; turn++) {
      const patient = patients[turn % patients.length] ?? '';
      const seen = await reader.snapshot(patient, now).catch(() => null);
      if (seen !== null) snapshots.push(seen);
      await delay(everyMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  const watching = watch();
  return {
    async stop() {
      stopping.abort();
      await watching;
      return snapshots;
    },
  };
}
