/**
 * Who asks: a signed JWT (RS256 or ES256) of the right issuer and audience, not expired, turned into a principal. A checked token is
 * remembered (by its digest) for up to a minute, so that one client's steady stream costs one signature check a minute.
 */
import { hash } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { JwtConfig } from '../config/fragments.ts';
import type { Component } from '../lifecycle/component.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createKeySet, type KeySet } from './keys.ts';
import { ProblemError } from './problem.ts';
import { httpProblem } from './problems.ts';

export type Principal = {
  readonly subject: string;
  /** Whom idempotency keys and rate limits belong to: the claim `client`, or the subject. */
  readonly client: string;
  readonly roles: readonly string[];
};

/** Throws TOKEN_INVALID, TOKEN_EXPIRED (401) or KEYS_UNAVAILABLE (503). */
export type Authenticator = Component & { authenticate(token: string): Promise<Principal> };

const rememberMs = 60_000;
const maxRemembered = 5_000;
const maxTokenChars = 8_192;

export function createJwtAuthenticator(
  config: JwtConfig,
  telemetry: Telemetry,
  keys: KeySet = createKeySet(config.jwks, telemetry.clock),
): Authenticator {
  const { now } = telemetry.clock;
  const remembered = new Map<string, { readonly principal: Principal; readonly until: number }>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function authenticate(token: string): Promise<Principal> {
    if (token.length > maxTokenChars) throw refuse('TOKEN_INVALID');
    const digest = hash('sha256', token, 'base64');
    const known = remembered.get(digest);
    if (known !== undefined && now() < known.until) return known.principal;
    remembered.delete(digest);
    const { principal, expiresAt } = await verify(token, config, keys, now());
    if (remembered.size >= maxRemembered) remembered.delete(remembered.keys().next().value ?? '');
    remembered.set(digest, { principal, until: Math.min(expiresAt, now() + rememberMs) });
    return principal;
  }

  /** Until there are keys; later on a request that needs newer ones fetches them. */
  async function load(retryMs: number): Promise<void> {
    await keys.refresh().catch(() => {});
    if (stopped || keys.hasKeys()) return;
    timer = setTimeout(() => void load(Math.min(retryMs * 2, 5_000)), retryMs);
    timer.unref();
  }

  return {
    name: 'token-keys',
    authenticate,
    start: () => load(200),
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
    },
    readiness: () =>
      keys.hasKeys() ? { ready: true } : { ready: false, why: 'the keys tokens are checked with cannot be read' },
  };
}

async function verify(token: string, config: JwtConfig, keys: KeySet, now: number) {
  try {
    const { payload } = await jwtVerify(token, keys.find, {
      algorithms: ['RS256', 'ES256'],
      issuer: config.issuer,
      audience: config.audience,
      requiredClaims: ['sub', 'exp'],
      clockTolerance: 5,
      currentDate: new Date(now),
    });
    return { principal: principalOf(payload), expiresAt: (payload.exp ?? 0) * 1_000 };
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw refuse(error instanceof errors.JWTExpired ? 'TOKEN_EXPIRED' : 'TOKEN_INVALID');
  }
}

function principalOf(payload: JWTPayload): Principal {
  const { sub = '', roles, client } = payload as JWTPayload & { roles?: unknown; client?: unknown };
  if (sub === '') throw refuse('TOKEN_INVALID');
  const names = Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [];
  return Object.freeze({
    subject: sub,
    client: typeof client === 'string' && client !== '' ? client : sub,
    roles: Object.freeze(names),
  });
}

const refuse = (code: 'TOKEN_INVALID' | 'TOKEN_EXPIRED') =>
  httpProblem(code, { headers: { 'www-authenticate': 'Bearer realm="clinstream", error="invalid_token"' } });
