/** Writes problems out: what routes throw, unknown routes, and requests too broken to reach a route. Failures of ours are logged, once. */
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { problemOf } from './map-error.ts';
import { httpMetrics } from './metrics.ts';
import type { ProblemError } from './problem.ts';
import { httpProblem } from './problems.ts';

const contentType = 'application/problem+json';

export function answerErrors(server: FastifyInstance, telemetry: Telemetry): void {
  const { problems } = createMetrics(telemetry.registry, httpMetrics);
  server.setErrorHandler((error, request, reply) => {
    const found = problemOf(error);
    problems.labels({ error_code: found.problem.code }).inc();
    if (found.problem.status === 500)
      request.log.error({ err: error, route: request.routeOptions.url ?? 'none' }, 'request failed');
    return reply
      .code(found.problem.status)
      .headers(found.headers)
      .type(contentType)
      .serializer(JSON.stringify)
      .send({ ...found.problem, instance: request.id });
  });
  server.setNotFoundHandler(() => {
    throw httpProblem('NOT_FOUND');
  });
}

/** For what is not even HTTP, and for requests that never came whole: there is no reply object, so the bytes are written as they are. */
export function brokenRequestAnswerer(telemetry: Telemetry): (error: Error & { code?: string }, socket: Socket) => void {
  const { problems } = createMetrics(telemetry.registry, httpMetrics);
  return (error, socket) => {
    const found = problemOfBrokenRequest(error.code ?? '');
    problems.labels({ error_code: found.problem.code }).inc();
    if (socket.writable && error.code !== 'ECONNRESET') socket.end(rawAnswer(found));
    else socket.destroy();
  };
}

function problemOfBrokenRequest(code: string): ProblemError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return httpProblem('REQUEST_TIMEOUT');
  return httpProblem(code === 'HPE_HEADER_OVERFLOW' ? 'HEADERS_TOO_LARGE' : 'MALFORMED_REQUEST');
}

function rawAnswer({ problem }: ProblemError): string {
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    `content-type: ${contentType}`,
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return `${[...head, 'connection: close'].join('\r\n')}\r\n\r\n${body}`;
}
