/** GET /v1/analyses/{id} with long poll, and the list. */
import type { ReviewStatus } from '@clinstream/contracts';
import { problemResponses, requestSignal } from '@clinstream/runtime/http';
import type { Queryable } from '@clinstream/runtime/postgres';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { type AnalysisView, viewAnalysis, viewPending } from '../../domain/analysis-view.ts';
import { type Cursor, formatCursor, parseCursor } from '../../domain/cursor.ts';
import { viewDelivery } from '../../domain/delivery-view.ts';
import type { ModelNames } from '../../domain/model-names.ts';
import { clinical } from '../access.ts';
import { type FindDeps, findAnalysis } from '../find-analysis.ts';
import { PositionSchema, positionIn } from '../position.ts';
import { apiProblem } from '../problems.ts';
import { AnalysisPageSchema, AnalysisSchema, statuses } from '../schemas.ts';
import { type AnalysisFilter, listAnalyses } from '../sql/list-analyses.ts';
import { storedFromRow } from '../sql/read-analyses.ts';
import type { ShownAnalysis } from '../sql/read-shown.ts';

export type AnalysesDeps = FindDeps & { readonly db: Queryable; readonly models: ModelNames };

const oneRoute = {
  config: { roles: [...clinical] },
  schema: {
    operationId: 'getAnalysis',
    tags: ['analyses'],
    summary: 'One analysis; with `wait`, once it ended or the wait is over',
    description:
      'With the `position` of the 202 answer a job that has not been read from the log yet is *pending* instead of unknown. The ETag is the ' +
      "job's version; with If-None-Match the answer is 304 while nothing changed.",
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) }),
    querystring: Type.Object({
      wait: Type.Optional(Type.Integer({ minimum: 0, maximum: 60, description: 'Seconds to wait for the end of the job.' })),
      position: PositionSchema,
    }),
    response: {
      200: AnalysisSchema,
      304: Type.Null({ description: 'Not changed since the version in If-None-Match.' }),
      ...problemResponses(404),
    },
  },
};

const listRoute = {
  config: { roles: [...clinical] },
  schema: {
    operationId: 'listAnalyses',
    tags: ['analyses'],
    summary: 'Analyses, newest first, page by page',
    querystring: Type.Object({
      patient: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'Patient key.' })),
      status: Type.Optional(Type.Unsafe<AnalysisView['status']>({ type: 'string', enum: [...statuses] })),
      review: Type.Optional(
        Type.Unsafe<ReviewStatus>({
          type: 'string',
          enum: ['pending', 'approved', 'rejected'],
          description: 'Of the current result; *pending*: completed and waiting for a review.',
        }),
      ),
      model: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
      from: Type.Optional(Type.String({ format: 'date-time', description: 'Requested at or after.' })),
      to: Type.Optional(Type.String({ format: 'date-time', description: 'Requested before.' })),
      limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
      cursor: Type.Optional(Type.String({ maxLength: 1_000 })),
    }),
    response: { 200: AnalysisPageSchema },
  },
};

type OneRequest = { Params: { id: string }; Querystring: { wait?: number; position?: string } };
type ListQuery = {
  readonly patient?: string;
  readonly status?: AnalysisView['status'];
  readonly review?: ReviewStatus;
  readonly model?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
  readonly cursor?: string;
};

export function registerAnalyses(server: FastifyInstance, deps: AnalysesDeps): void {
  server.get<OneRequest>('/v1/analyses/:id', oneRoute, async (request, reply) => {
    const { id } = request.params;
    const { wait = 0, position } = request.query;
    const signal = requestSignal(request, reply);
    const found = await findAnalysis(deps, id, { position: positionIn(position), waitMs: wait * 1000, signal });
    if (found === null) throw apiProblem('ANALYSIS_UNKNOWN');
    const view = found === 'pending' ? viewPending(id) : showAnalysis(found, deps.models);
    const etag = etagOf(view);
    reply.header('etag', etag).header('cache-control', 'no-cache');
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return view;
  });

  server.get<{ Querystring: ListQuery }>('/v1/analyses', listRoute, async (request) => {
    const { limit } = request.query;
    const rows = await listAnalyses(deps.db, { ...filterOf(request.query), limit: limit + 1 });
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const next = rows.length > limit && last ? formatCursor({ at: last.sort_at, id: last.job_id }) : null;
    return { items: shown.map((row) => viewAnalysis(storedFromRow(row), deps.models)), next };
  });
}

const showAnalysis = (found: ShownAnalysis, models: ModelNames): AnalysisView => ({
  ...viewAnalysis(found, models),
  deliveries: found.deliveries.map(viewDelivery),
});

/** Staleness, merges and deliveries change without a new version of the job. */
function etagOf({ version, stale, staleInputs, review, deliveries = [] }: AnalysisView): string {
  const parts = [
    stale ? `-stale-${staleInputs.length}` : '',
    review?.heldBecause ? '-held' : '',
    ...deliveries.map(({ target, revision }) => `-${target}-${revision}`),
  ];
  return `"${version}${parts.join('')}"`;
}

export function readCursor(text: string | undefined): Cursor | null {
  if (text === undefined) return null;
  const cursor = parseCursor(text);
  if (cursor === null) throw apiProblem('CURSOR_INVALID');
  return cursor;
}

const filterOf = (query: ListQuery): Omit<AnalysisFilter, 'limit'> => ({
  patientKey: query.patient ?? null,
  status: query.status ?? null,
  review: query.review ?? null,
  model: query.model ?? null,
  from: query.from === undefined ? null : Date.parse(query.from),
  to: query.to === undefined ? null : Date.parse(query.to),
  after: readCursor(query.cursor),
});
