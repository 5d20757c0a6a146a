/** One drain of a filled queue, the same figures for whoever did it. */
import { usageOf } from './process-usage.ts';

export type Drain = {
  readonly perSecond: number;
  /** CPU seconds of the workers, the queue's server and Postgres per 10,000 jobs. */
  readonly cpuPer10k: number;
  /** Resident memory of the worker processes at the end. */
  readonly rssMb: number;
};

/** CPU seconds used so far by each of these process trees. */
export const cpuOf = (pids: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, usageOf(pid).cpuSeconds]));
