/** Who asks, and what every event that follows carries of the request. */
import { principalOf } from '@clinstream/runtime/http';
import { childOf } from '@clinstream/runtime/telemetry';
import type { FastifyRequest } from 'fastify';
import { looksLikeNationalId } from '../domain/patient-identity.ts';

export type Caller = {
  /** The token's client id, never a person's name. */
  readonly client: string;
  readonly correlationId: string;
  readonly traceparent: string;
};

export function callerOf(request: FastifyRequest): Caller {
  const { traceparent } = request.headers;
  // The next span of the sender's trace; a new trace where it sent none that can be read.
  const trace = childOf(typeof traceparent === 'string' ? traceparent : null);
  return { client: principalOf(request).client, correlationId: correlationIdOf(request), traceparent: trace };
}

/** The sender's own, where it is an id and nothing else: it travels in headers and logs. */
function correlationIdOf(request: FastifyRequest): string {
  const sent = request.headers['x-correlation-id'];
  const isId = typeof sent === 'string' && /^[A-Za-z0-9._:-]{1,64}$/.test(sent) && !looksLikeNationalId(sent);
  return isId ? sent : request.id;
}
