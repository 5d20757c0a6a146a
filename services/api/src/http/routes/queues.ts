/** GET /v1/queues: how many jobs wait and run per lane, and how long the oldest has waited. */
import { lanes } from '@clinstream/contracts';
import type { Clock } from '@clinstream/runtime/lifecycle';
import type { Queryable } from '@clinstream/runtime/postgres';
import type { FastifyInstance } from 'fastify';
import { everyoneInside } from '../access.ts';
import { QueuesSchema } from '../schemas.ts';
import { readQueues } from '../sql/read-queues.ts';

const route = {
  config: { roles: [...everyoneInside] },
  schema: {
    operationId: 'getQueues',
    tags: ['operations'],
    summary: 'Jobs waiting and running per lane',
    response: { 200: QueuesSchema },
  },
};

export type QueuesDeps = { readonly db: Queryable; readonly clock: Clock };

export function registerQueues(server: FastifyInstance, { db, clock }: QueuesDeps): void {
  server.get('/v1/queues', route, async () => {
    const rows = new Map((await readQueues(db)).map((row) => [row.lane, row]));
    const nowSeconds = Math.floor(clock.now() / 1000);
    return {
      lanes: lanes.map((lane) => {
        const { waiting = 0, running = 0, oldest_waiting: oldest = null } = rows.get(lane) ?? {};
        return { lane, waiting, running, oldestWaitingSeconds: oldest === null ? null : Math.max(0, nowSeconds - oldest) };
      }),
    };
  });
}
