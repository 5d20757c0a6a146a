/**
 * GET /v1/analyses/{id}/events: the job as server-sent events, one per change, until it ended or was reviewed.
 * The event id is the job's version, so that a client that comes back with Last-Event-ID gets what it has not seen and no repetition; a
 * client that saw the end is answered 204, which tells an EventSource to stop.
 * With the `position` of the 202 answer the stream of a job not read from the log yet opens at once (an EventSource gives up at a 404); should
 * the log be read that far without the job, the stream ends, and who comes back is answered 404.
 */
import type { ServerResponse } from 'node:http';
import { isEnded, type LogPosition, reviewOf } from '@clinstream/contracts';
import { problemResponses, requestSignal } from '@clinstream/runtime/http';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { type StoredAnalysis, viewAnalysis } from '../../domain/analysis-view.ts';
import { clinical } from '../access.ts';
import { findAnalysis } from '../find-analysis.ts';
import { PositionSchema, positionIn } from '../position.ts';
import { apiProblem } from '../problems.ts';
import type { AnalysesDeps } from './analyses.ts';

export type EventsDeps = Pick<AnalysesDeps, 'watch' | 'models' | 'readPosition' | 'isComing'> & { readonly heartbeatMs: number };

const route = {
  config: { roles: [...clinical] },
  schema: {
    operationId: 'followAnalysis',
    tags: ['analyses'],
    summary: 'Every change of an analysis as server-sent events, until it ended or was reviewed',
    description:
      "Event `analysis`, data as in GET, id = the job's version; send it back as Last-Event-ID to go on. Comments keep the line alive.",
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) }),
    querystring: Type.Object({
      position: PositionSchema,
      until: Type.Unsafe<Until>({
        type: 'string',
        enum: ['ended', 'reviewed'],
        default: 'ended',
        description: '*reviewed*: goes on after a completed result until somebody approved or rejected it.',
      }),
    }),
    headers: Type.Object({ 'last-event-id': Type.Optional(Type.Integer({ minimum: 0 })) }),
    response: {
      200: { description: 'The stream.', content: { 'text/event-stream': { schema: Type.String() } } },
      204: Type.Null({ description: 'The job ended and this client has seen its end.' }),
      ...problemResponses(404),
    },
  },
};

type EventsRequest = {
  Params: { id: string };
  Querystring: { position?: string; until: Until };
  Headers: { 'last-event-id'?: number };
};

export function registerAnalysisEvents(server: FastifyInstance, deps: EventsDeps): void {
  server.get<EventsRequest>('/v1/analyses/:id/events', route, async (request, reply) => {
    const { id } = request.params;
    const seen = request.headers['last-event-id'] ?? 0;
    const position = positionIn(request.query.position);
    const signal = requestSignal(request, reply);
    const job = await findAnalysis(deps, id, { position, waitMs: 0, signal });
    if (job === null) throw apiProblem('ANALYSIS_UNKNOWN');
    const { until } = request.query;
    if (job !== 'pending' && isOver(job, until) && job.state.version <= seen) return reply.code(204).send();
    reply.hijack();
    await stream(reply.raw, deps, { jobId: id, position, seen, signal, until });
    return reply;
  });
}

type StreamOptions = {
  readonly jobId: string;
  readonly position: LogPosition | null;
  readonly seen: number;
  readonly signal: AbortSignal;
  readonly until: Until;
};

type Until = 'ended' | 'reviewed';

/** Whoever waits for a review is done when there is nothing to review, too. */
const isOver = ({ state }: StoredAnalysis, until: Until): boolean =>
  isEnded(state.status) && (until === 'ended' || reviewOf(state) !== 'pending');

async function stream(response: ServerResponse, deps: EventsDeps, options: StreamOptions): Promise<void> {
  const { jobId, seen, signal, until } = options;
  const unknown = watchForUnknown(deps, options);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  // At once: a client counts as connected when the head has come.
  response.write(':\n\n');
  const heartbeat = setInterval(() => response.write(':\n\n'), deps.heartbeatMs);
  let last = seen;
  const show = (job: StoredAnalysis | null): boolean => {
    if (job === null) unknown.suspect();
    if (job === null || job.state.version <= last) return false;
    last = job.state.version;
    response.write(`event: analysis\nid: ${last}\ndata: ${JSON.stringify(viewAnalysis(job, deps.models))}\n\n`);
    return isOver(job, until);
  };
  try {
    await deps.watch.follow(jobId, { endOnly: false, signal: AbortSignal.any([signal, unknown.signal]) }, show);
  } catch {
    // The line ends here; the client comes back with the last id it saw.
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}

/** `signal` aborts when a job that was not there when looked at turns out not to come. */
function watchForUnknown(deps: EventsDeps, { jobId, position, signal }: StreamOptions) {
  const unknown = new AbortController();
  let looking = false;
  return {
    signal: unknown.signal,
    /** Looks itself, and what it sees is told to the stream as well: one look at a time, or each would ask for the next. */
    suspect(): void {
      if (looking) return;
      looking = true;
      findAnalysis(deps, jobId, { position, waitMs: 0, signal })
        .then((found) => found === null && unknown.abort())
        // Postgres is away: the next poll suspects again.
        .catch(() => {})
        .finally(() => {
          looking = false;
        });
    },
  };
}
