/**
 * Deny by default: a route says who may use it (`config: { roles: ['doctor'] }`) or that anyone may (`config: { public: true }`), or it
 * cannot be registered. Then, before a body is read: token, rate limit, role.
 */
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import type { Authenticator, Principal } from './authenticator.ts';
import { ProblemError } from './problem.ts';
import { httpProblem } from './problems.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Any one of these roles is enough. */
    roles?: readonly string[];
    /** No token needed; `request.principal` is null then. */
    public?: boolean;
  }
  interface FastifyRequest {
    /** Who asks; null only on public routes. */
    principal: Principal | null;
  }
}

/** The roles there are; a route that names another cannot be registered, a token that does gains nothing. */
export const knownRoles = ['doctor', 'nurse', 'lab', 'radiologist', 'staff', 'admin', 'system', 'patient'] as const;
export type Role = (typeof knownRoles)[number];

/** Who asks; for routes with roles, where it is always known. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === null) throw httpProblem('TOKEN_MISSING');
  return request.principal;
}

export function requireAccessRules(route: RouteOptions): void {
  const { roles, public: isPublic } = route.config ?? {};
  const where = `${route.method} ${route.url}`;
  if (isPublic === true && roles === undefined) return;
  if (isPublic === true) throw new Error(`route ${where} is public and has roles; choose one`);
  if (roles === undefined || roles.length === 0) throw new Error(`route ${where} must name its roles or be public`);
  const unknown = roles.filter((role) => !(knownRoles as readonly string[]).includes(role));
  if (unknown.length > 0) throw new Error(`route ${where} names unknown roles: ${unknown.join(', ')}`);
}

/** Tells how long to wait, null when the caller may go on. */
export type RateCheck = (request: FastifyRequest) => Promise<{ readonly retryAfterSeconds: number } | null>;

export function guardAccess(server: FastifyInstance, authenticator: Authenticator, isTooOften: RateCheck): void {
  server.decorateRequest('principal', null);
  server.addHook('onRoute', requireAccessRules);
  server.addHook('onRequest', async (request) => {
    if (request.is404) return;
    const { public: isPublic, roles = [] } = request.routeOptions.config;
    const refused = isPublic === true ? null : await identify(request, authenticator);
    const tooOften = await isTooOften(request);
    if (tooOften !== null) throw httpProblem('RATE_LIMITED', tooOften);
    if (refused !== null) throw refused;
    if (isPublic === true || request.principal?.roles.some((role) => roles.includes(role))) return;
    throw httpProblem('FORBIDDEN', { detail: `This needs one of the roles ${roles.join(', ')}.` });
  });
}

/** Sets the principal, or answers why there is none; a refusal still counts against the caller's address. */
async function identify(request: FastifyRequest, authenticator: Authenticator): Promise<ProblemError | null> {
  const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) return httpProblem('TOKEN_MISSING', { headers: { 'www-authenticate': 'Bearer realm="clinstream"' } });
  try {
    request.principal = await authenticator.authenticate(token);
    return null;
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
}
