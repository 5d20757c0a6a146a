/**
 * POST /v1/deliveries:redeliver: has one subject, or all that match a filter, sent to a target again as they stand now; never what was sent
 * then. Bounded in age and number, and it can be asked first what would be sent.
 */
import { type DeliveryState, deterministicId, type RedeliveryRequested, topics } from '@clinstream/contracts';
import { principalOf, problemResponses } from '@clinstream/runtime/http';
import type { Clock } from '@clinstream/runtime/lifecycle';
import type { Queryable } from '@clinstream/runtime/postgres';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { viewDelivery } from '../../domain/delivery-view.ts';
import { redeliverers } from '../access.ts';
import { apiProblem } from '../problems.ts';
import type { Publish } from '../publish.ts';
import { RedeliveryAcceptedSchema } from '../schemas.ts';
import { listDeliveries } from '../sql/list-deliveries.ts';
import { type DeliveryQuery, deliveryFilterOf, deliveryFilterSchemas } from './deliveries.ts';

export type RedeliverDeps = {
  readonly db: Queryable;
  readonly publish: Publish;
  readonly clock: Clock;
  readonly onRedelivery: (count: number) => void;
};

/** A target's own rate limit spreads them out; more than these in one go is no repair but a migration. */
const maxAtOnce = 1_000;
const maxAgeHours = 24 * 366;
/** Named in the answer. */
const maxShown = 100;

const route = {
  config: { roles: [...redeliverers] },
  schema: {
    operationId: 'redeliver',
    tags: ['deliveries'],
    summary: 'Has subjects sent to a target again as they stand now',
    description:
      `With \`subjectKind\` and \`subjectId\` one subject, whenever it was delivered; else all that match, whose last outcome is no older than ` +
      `\`maxAgeHours\`, ${maxAtOnce} at most: when more match, none is sent (409). With \`dryRun\` nothing is sent and the answer says what would be. ` +
      'Sends also what has not changed; what must not leave (not released, cancelled) still does not.',
    body: Type.Object(
      {
        target: deliveryFilterSchemas.target,
        outcome: Type.Optional(deliveryFilterSchemas.outcome),
        patient: Type.Optional(deliveryFilterSchemas.patient),
        subjectKind: Type.Optional(deliveryFilterSchemas.subjectKind),
        subjectId: Type.Optional(deliveryFilterSchemas.subjectId),
        since: Type.Optional(deliveryFilterSchemas.since),
        maxAgeHours: Type.Optional(
          Type.Integer({ minimum: 1, maximum: maxAgeHours, description: 'Must be given without `subjectId`.' }),
        ),
        dryRun: Type.Optional(Type.Boolean()),
        reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
      },
      { additionalProperties: false },
    ),
    response: { 200: RedeliveryAcceptedSchema, 202: RedeliveryAcceptedSchema, ...problemResponses(404, 409, 503) },
  },
};

type Body = DeliveryQuery & { readonly maxAgeHours?: number; readonly dryRun?: boolean; readonly reason?: string };

export function registerRedeliver(server: FastifyInstance, deps: RedeliverDeps): void {
  // The doubled colon is the router's way of writing one.
  server.post<{ Body: Body }>('/v1/deliveries::redeliver', route, async (request, reply) => {
    const { dryRun = false, reason = null } = request.body;
    const found = await findSubjects(deps, request.body);
    if (!dryRun) {
      const wish = { requestedBy: principalOf(request).subject, reason, at: deps.clock.now() };
      await Promise.all(found.map((delivery) => deps.publish(request, wishFor(delivery, wish))));
      deps.onRedelivery(found.length);
    }
    return reply
      .code(dryRun ? 200 : 202)
      .send({ dryRun, count: found.length, items: found.slice(0, maxShown).map(viewDelivery) });
  });
}

async function findSubjects({ db, clock }: RedeliverDeps, body: Body): Promise<readonly DeliveryState[]> {
  const isOne = body.subjectId !== undefined;
  if (isOne && body.subjectKind === undefined) throw apiProblem('REDELIVERY_UNBOUNDED');
  if (!isOne && body.maxAgeHours === undefined) throw apiProblem('REDELIVERY_UNBOUNDED');
  const filter = deliveryFilterOf(body);
  const youngest = body.maxAgeHours === undefined ? null : clock.now() - body.maxAgeHours * 3_600_000;
  const since = youngest === null ? filter.since : Math.max(youngest, filter.since ?? 0);
  const found = await listDeliveries(db, { ...filter, since, after: null }, maxAtOnce + 1);
  if (found.length > maxAtOnce) throw apiProblem('REDELIVERY_TOO_MANY', { members: { limit: maxAtOnce } });
  if (isOne && found.length === 0) throw apiProblem('DELIVERY_UNKNOWN');
  return found;
}

type Wish = Pick<RedeliveryRequested, 'requestedBy' | 'reason' | 'at'>;

function wishFor({ target, subjectKind, subjectId, patientKey }: DeliveryState, wish: Wish) {
  const event: RedeliveryRequested = { type: 'RedeliveryRequested', target, subjectKind, subjectId, patientKey, ...wish };
  const eventId = deterministicId('redelivery', target, subjectKind, subjectId, wish.requestedBy, String(wish.at));
  return { topic: topics.redeliveries, key: patientKey ?? subjectId, event, eventId };
}
