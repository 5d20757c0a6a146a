/** GET /v1/alerts and POST /v1/alerts/{id}/acknowledge: what waits until a person has seen it. */
import {
  type AlertEvent,
  type AlertKind,
  type AlertState,
  deterministicId,
  formatLogPosition,
  topics,
} from '@clinstream/contracts';
import { principalOf, problemResponses } from '@clinstream/runtime/http';
import type { Clock } from '@clinstream/runtime/lifecycle';
import type { Queryable } from '@clinstream/runtime/postgres';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { formatCursor } from '../../domain/cursor.ts';
import { isoOf } from '../../domain/iso.ts';
import { alertFromRow, alerts } from '../../sink/alert-table.ts';
import { loadRows } from '../../sink/sql/load-rows.ts';
import { clinical, responders } from '../access.ts';
import { apiProblem } from '../problems.ts';
import type { Publish } from '../publish.ts';
import { AcceptedSchema, AlertPageSchema, alertKinds, alertStatuses } from '../schemas.ts';
import { listAlerts } from '../sql/list-alerts.ts';
import { readCursor } from './analyses.ts';

export type AlertsDeps = {
  readonly db: Queryable;
  readonly publish: Publish;
  readonly clock: Clock;
  readonly onAcknowledge: () => void;
};

const listRoute = {
  config: { roles: [...clinical] },
  schema: {
    operationId: 'listAlerts',
    tags: ['alerts'],
    summary: 'Alerts, newest first, page by page',
    querystring: Type.Object({
      status: Type.Optional(Type.Unsafe<AlertState['status']>({ type: 'string', enum: [...alertStatuses] })),
      kind: Type.Optional(Type.Unsafe<AlertKind>({ type: 'string', enum: [...alertKinds] })),
      patient: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'Patient key.' })),
      limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
      cursor: Type.Optional(Type.String({ maxLength: 1_000 })),
    }),
    response: { 200: AlertPageSchema },
  },
};

const acknowledgeRoute = {
  config: { roles: [...responders] },
  schema: {
    operationId: 'acknowledgeAlert',
    tags: ['alerts'],
    summary: 'Says that a person has seen an alert; it escalates no further',
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) }),
    response: { 202: AcceptedSchema, ...problemResponses(404, 409, 503) },
  },
};

type ListRequest = {
  Querystring: {
    readonly status?: AlertState['status'];
    readonly kind?: AlertKind;
    readonly patient?: string;
    readonly limit: number;
    readonly cursor?: string;
  };
};

export function registerAlerts(server: FastifyInstance, deps: AlertsDeps): void {
  server.get<ListRequest>('/v1/alerts', listRoute, async (request) => {
    const { status = null, kind = null, patient: patientKey = null, limit, cursor } = request.query;
    const found = await listAlerts(deps.db, { status, kind, patientKey, after: readCursor(cursor) }, limit + 1);
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    const next = found.length > limit && last ? formatCursor({ at: last.raisedAt, id: last.alertId }) : null;
    return { items: shown.map(viewAlert), next };
  });

  server.post<{ Params: { id: string } }>('/v1/alerts/:id/acknowledge', acknowledgeRoute, async (request, reply) => {
    const { id } = request.params;
    const [row] = await loadRows(deps.db, alerts, [id]);
    if (row === undefined) throw apiProblem('ALERT_UNKNOWN');
    const alert = alertFromRow(row);
    if (alert.status === 'acknowledged') throw alreadyAcknowledged(alert);
    const event = acknowledgementOf(alert, principalOf(request).subject, deps.clock.now());
    const eventId = deterministicId('alert-acknowledged', id, event.by ?? '');
    const position = await deps.publish(request, { topic: topics.alerts, key: alert.patientKey, event, eventId });
    deps.onAcknowledge();
    return reply.code(202).send({ id, position: formatLogPosition(position), links: { self: 'v1/alerts' } });
  });
}

const alreadyAcknowledged = ({ acknowledgedBy: by, acknowledgedAt }: AlertState) =>
  apiProblem('ALERT_ACKNOWLEDGED', { members: { by, at: isoOf(acknowledgedAt) } });

const acknowledgementOf = (
  { alertId, patientKey, kind, subjectKind, subjectId, level }: AlertState,
  by: string,
  at: number,
): AlertEvent => ({
  type: 'AlertAcknowledged',
  alertId,
  patientKey,
  kind,
  subjectKind,
  subjectId,
  level,
  by,
  at,
});

const viewAlert = ({ raisedAt, acknowledgedAt, ...alert }: AlertState) => ({
  ...alert,
  raisedAt: isoOf(raisedAt),
  acknowledgedAt: isoOf(acknowledgedAt),
});
