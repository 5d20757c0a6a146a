/** When to stop waiting on behalf of a request: its client went away, or the server is closing. Long polls and streams wait on this. */
import type { FastifyReply, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    /** Aborts when the server begins to close. */
    closing: AbortSignal;
  }
}

export function requestSignal(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return AbortSignal.any([request.server.closing, gone.signal]);
}
