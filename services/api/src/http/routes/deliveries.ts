/** GET /v1/deliveries: where orders, results, analyses and patients stand in the FHIR server and the LIS, newest first. */
import type { DeliveryOutcome, SubjectKind, SyncTarget } from '@clinstream/contracts';
import type { Queryable } from '@clinstream/runtime/postgres';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { formatCursor } from '../../domain/cursor.ts';
import { viewDelivery } from '../../domain/delivery-view.ts';
import { clinical } from '../access.ts';
import { DeliveryPageSchema, outcomes, subjectKinds } from '../schemas.ts';
import { type DeliveryFilter, listDeliveries } from '../sql/list-deliveries.ts';
import { targets } from '../sql/read-deliveries.ts';
import { readCursor } from './analyses.ts';

/** What deliveries are found by, in queries and in the body of a redelivery. */
export const deliveryFilterSchemas = {
  target: Type.Unsafe<SyncTarget>({ type: 'string', enum: [...targets] }),
  outcome: Type.Unsafe<DeliveryOutcome>({ type: 'string', enum: [...outcomes] }),
  patient: Type.String({ minLength: 1, maxLength: 500, description: 'Patient key.' }),
  subjectKind: Type.Unsafe<SubjectKind>({ type: 'string', enum: [...subjectKinds] }),
  subjectId: Type.String({ minLength: 1, maxLength: 500 }),
  since: Type.String({ format: 'date-time', description: 'Outcome at or after.' }),
} as const;

export type DeliveryQuery = {
  readonly target?: SyncTarget;
  readonly outcome?: DeliveryOutcome;
  readonly patient?: string;
  readonly subjectKind?: SubjectKind;
  readonly subjectId?: string;
  readonly since?: string;
};

const route = {
  config: { roles: [...clinical] },
  schema: {
    operationId: 'listDeliveries',
    tags: ['deliveries'],
    summary: 'Where subjects stand in the targets, newest outcome first, page by page',
    querystring: Type.Object({
      target: Type.Optional(deliveryFilterSchemas.target),
      outcome: Type.Optional(deliveryFilterSchemas.outcome),
      patient: Type.Optional(deliveryFilterSchemas.patient),
      subjectKind: Type.Optional(deliveryFilterSchemas.subjectKind),
      subjectId: Type.Optional(deliveryFilterSchemas.subjectId),
      since: Type.Optional(deliveryFilterSchemas.since),
      limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
      cursor: Type.Optional(Type.String({ maxLength: 1_000 })),
    }),
    response: { 200: DeliveryPageSchema },
  },
};

type Request = { Querystring: DeliveryQuery & { readonly limit: number; readonly cursor?: string } };

export function registerDeliveries(server: FastifyInstance, { db }: { readonly db: Queryable }): void {
  server.get<Request>('/v1/deliveries', route, async (request) => {
    const { limit, cursor, ...query } = request.query;
    const found = await listDeliveries(db, { ...deliveryFilterOf(query), after: readCursor(cursor) }, limit + 1);
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    const next = found.length > limit && last ? formatCursor({ at: last.at, id: last.deliveryId }) : null;
    return { items: shown.map(viewDelivery), next };
  });
}

export const deliveryFilterOf = (query: DeliveryQuery): Omit<DeliveryFilter, 'after'> => ({
  target: query.target ?? null,
  outcome: query.outcome ?? null,
  patientKey: query.patient ?? null,
  subjectKind: query.subjectKind ?? null,
  subjectId: query.subjectId ?? null,
  since: query.since === undefined ? null : Date.parse(query.since),
});
