/** GET /v1/orders/{id}. */
import type { OrderState } from '@clinstream/contracts';
import { problemResponses } from '@clinstream/runtime/http';
import type { Queryable } from '@clinstream/runtime/postgres';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { isoOf } from '../../domain/analysis-view.ts';
import { orderFromRow, orders } from '../../sink/order-table.ts';
import { loadRows } from '../../sink/sql/load-rows.ts';
import { clinical } from '../access.ts';
import { apiProblem } from '../problems.ts';
import { OrderSchema } from '../schemas.ts';

const route = {
  config: { roles: [...clinical] },
  schema: {
    operationId: 'getOrder',
    tags: ['orders'],
    summary: 'One order as it stands',
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) }),
    response: { 200: OrderSchema, ...problemResponses(404) },
  },
};

export function registerOrders(server: FastifyInstance, { db }: { readonly db: Queryable }): void {
  server.get<{ Params: { id: string } }>('/v1/orders/:id', route, async (request) => {
    const [row] = await loadRows(db, orders, [request.params.id]);
    if (row === undefined) throw apiProblem('ORDER_UNKNOWN');
    return viewOrder(orderFromRow(row));
  });
}

export const viewOrder = (order: OrderState) => ({ ...order, requestedAt: isoOf(order.requestedAt) });
