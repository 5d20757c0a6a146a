/**
 * GET /v1/analyses/{id}/events: the job as server-sent events, one per change, until it ended.
 * The event id is the job's version, so that a client that comes back with Last-Event-ID gets what it has not seen and no repetition; a
 * client that saw the end is answered 204, which tells an EventSource to stop.
 */
import type { ServerResponse } from 'node:http';
import { isEnded } from '@clinstream/contracts';
import { problemResponses, requestSignal } from '@clinstream/runtime/http';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { type StoredAnalysis, viewAnalysis } from '../../domain/analysis-view.ts';
import { clinical } from '../access.ts';
import { apiProblem } from '../problems.ts';
import type { AnalysesDeps } from './analyses.ts';

export type EventsDeps = Pick<AnalysesDeps, 'watch' | 'models'> & { readonly heartbeatMs: number };

const route = {
  config: { roles: [...clinical] },
  schema: {
    operationId: 'followAnalysis',
    tags: ['analyses'],
    summary: 'Every change of an analysis as server-sent events, until it ended',
    description:
      "Event `analysis`, data as in GET, id = the job's version; send it back as Last-Event-ID to go on. Comments keep the line alive.",
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) }),
    headers: Type.Object({ 'last-event-id': Type.Optional(Type.Integer({ minimum: 0 })) }),
    response: {
      200: { description: 'The stream.', content: { 'text/event-stream': { schema: Type.String() } } },
      204: Type.Null({ description: 'The job ended and this client has seen its end.' }),
      ...problemResponses(404),
    },
  },
};

type EventsRequest = { Params: { id: string }; Headers: { 'last-event-id'?: number } };

export function registerAnalysisEvents(server: FastifyInstance, deps: EventsDeps): void {
  server.get<EventsRequest>('/v1/analyses/:id/events', route, async (request, reply) => {
    const { id } = request.params;
    const seen = request.headers['last-event-id'] ?? 0;
    const job = await deps.watch.look(id);
    if (job === null) throw apiProblem('ANALYSIS_UNKNOWN');
    if (isEnded(job.state.status) && job.state.version <= seen) return reply.code(204).send();
    const signal = requestSignal(request, reply);
    reply.hijack();
    await stream(reply.raw, deps, { jobId: id, seen, signal });
    return reply;
  });
}

type StreamOptions = { readonly jobId: string; readonly seen: number; readonly signal: AbortSignal };

async function stream(response: ServerResponse, deps: EventsDeps, { jobId, seen, signal }: StreamOptions): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  const heartbeat = setInterval(() => response.write(':\n\n'), deps.heartbeatMs);
  let last = seen;
  const show = (job: StoredAnalysis | null): boolean => {
    if (job === null || job.state.version <= last) return false;
    last = job.state.version;
    response.write(`event: analysis\nid: ${last}\ndata: ${JSON.stringify(viewAnalysis(job, deps.models))}\n\n`);
    return isEnded(job.state.status);
  };
  try {
    await deps.watch.follow(jobId, { endOnly: false, signal }, show);
  } catch {
    // The line ends here; the client comes back with the last id it saw.
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}
