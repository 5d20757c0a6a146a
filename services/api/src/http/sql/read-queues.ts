/** Jobs waiting and running per lane, from the counts the sink keeps; a few hundred rows at most, whatever the number of jobs. */
import type { Lane } from '@clinstream/contracts';
import type { Queryable } from '@clinstream/runtime/postgres';

export type QueueRow = {
  readonly lane: Lane;
  readonly waiting: number;
  readonly running: number;
  readonly oldest_waiting: number | null;
};

export const readQueuesStatement = {
  name: 'api read queues',
  text: `SELECT lane, sum(waiting)::bigint AS waiting, sum(running)::bigint AS running,
  min(requested_second) FILTER (WHERE waiting > 0) AS oldest_waiting
FROM (
  SELECT lane, requested_second, sum(waiting) AS waiting, sum(running) AS running FROM api.queue_depth GROUP BY lane, requested_second
) AS seconds GROUP BY lane`,
};

export const readQueues = async (db: Queryable): Promise<readonly QueueRow[]> =>
  (await db.query<QueueRow>(readQueuesStatement)).rows;
