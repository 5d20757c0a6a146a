/** GET /v1/orders/{id}: *pending* while the `position` of its 202 answer is still to be read. */
import type { OrderState } from '@clinstream/contracts';
import { problemResponses } from '@clinstream/runtime/http';
import type { Queryable } from '@clinstream/runtime/postgres';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { viewDelivery } from '../../domain/delivery-view.ts';
import { isoOf } from '../../domain/iso.ts';
import { orderFromRow, orders } from '../../sink/order-table.ts';
import { loadRows } from '../../sink/sql/load-rows.ts';
import { clinical } from '../access.ts';
import { isAhead, type PositionDeps } from '../find-analysis.ts';
import { PositionSchema, positionIn } from '../position.ts';
import { apiProblem } from '../problems.ts';
import { OrderSchema } from '../schemas.ts';
import { readDeliveries } from '../sql/read-deliveries.ts';

const route = {
  config: { roles: [...clinical] },
  schema: {
    operationId: 'getOrder',
    tags: ['orders'],
    summary: 'One order as it stands',
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) }),
    querystring: Type.Object({ position: PositionSchema }),
    response: { 200: OrderSchema, ...problemResponses(404) },
  },
};

export type OrdersDeps = PositionDeps & { readonly db: Queryable };
type OrderRequest = { Params: { id: string }; Querystring: { position?: string } };

export function registerOrders(server: FastifyInstance, deps: OrdersDeps): void {
  server.get<OrderRequest>('/v1/orders/:id', route, async (request) => {
    const { id } = request.params;
    const position = positionIn(request.query.position);
    const order = await findOrder(deps, id);
    if (order !== null) return showOrder(deps, order);
    if (await isAhead(deps, position)) return viewPendingOrder(id);
    // It may have been written between the two looks.
    const later = position === null ? null : await findOrder(deps, id);
    if (later === null) throw apiProblem('ORDER_UNKNOWN');
    return showOrder(deps, later);
  });
}

async function findOrder({ db }: OrdersDeps, id: string): Promise<OrderState | null> {
  const [row] = await loadRows(db, orders, [id]);
  return row === undefined ? null : orderFromRow(row);
}

async function showOrder({ db }: OrdersDeps, order: OrderState) {
  const subject = { subjectKind: 'order', subjectId: order.orderId } as const;
  const deliveriesOf = await readDeliveries(db, [subject]);
  return { ...viewOrder(order), deliveries: deliveriesOf(subject).map(viewDelivery) };
}

const viewPendingOrder = (orderId: string) => ({
  orderId,
  status: 'pending' as const,
  version: 0,
  patientKey: null,
  placerNumber: null,
  placerAuthority: null,
  fillerNumber: null,
  kind: 'unknown',
  priority: 'unknown',
  code: null,
  note: null,
  requestedBy: null,
  requestedAt: null,
  analysisJobId: null,
  conflicting: false,
  cancelRefused: false,
  specimen: null,
  orderingProvider: null,
  parentOrderId: null,
  specimenRejectedAt: null,
  specimenRejectReasons: [],
});

export const viewOrder = (order: OrderState) => ({
  ...order,
  requestedAt: isoOf(order.requestedAt),
  specimenRejectedAt: isoOf(order.specimenRejectedVersion),
});
