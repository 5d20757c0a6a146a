/**
 * The public keys tokens are checked with, from a JWKS URL or file. The last good set is kept while its source is away, for an hour at
 * most: a key that was withdrawn must not go on being believed. An unknown key id makes us look again, at most every ten seconds.
 */
import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { JwksSource } from '../config/fragments.ts';
import type { Clock } from '../lifecycle/component.ts';
import { httpProblem } from './problems.ts';

const refreshAfterMs = 600_000;
const staleAfterMs = 3_600_000;
const lookAgainAfterMs = 10_000;
const fetchTimeoutMs = 3_000;
const maxBytes = 1_000_000;

export type KeySet = {
  /** Throws KEYS_UNAVAILABLE (503) when there is no key to judge by, jose's JWKSNoMatchingKey when the token's key is not ours. */
  readonly find: JWTVerifyGetKey;
  /** Rejects when the source cannot be read. */
  refresh(): Promise<void>;
  hasKeys(): boolean;
};

export function createKeySet(source: JwksSource, clock: Clock, read: () => Promise<unknown> = () => readJwks(source)): KeySet {
  let current: { readonly find: JWTVerifyGetKey; readonly readAt: number } | null = null;
  let triedAt = Number.NEGATIVE_INFINITY;
  let refreshing: Promise<void> | null = null;

  const isYoungerThan = (ms: number): boolean => current !== null && clock.now() - current.readAt < ms;
  const hasKeys = () => isYoungerThan(staleAfterMs);

  function refresh(): Promise<void> {
    refreshing ??= load().finally(() => {
      refreshing = null;
    });
    return refreshing;
  }

  async function load(): Promise<void> {
    triedAt = clock.now();
    current = { find: createLocalJWKSet((await read()) as JSONWebKeySet), readAt: clock.now() };
  }

  /** One more look at the source, unless there was one just now. Never rejects. */
  async function lookAgain(): Promise<void> {
    if (refreshing !== null || clock.now() - triedAt >= lookAgainAfterMs) await refresh().catch(() => {});
  }

  const find: JWTVerifyGetKey = async (header, token) => {
    if (!isYoungerThan(refreshAfterMs)) await lookAgain();
    if (current === null || !hasKeys()) throw httpProblem('KEYS_UNAVAILABLE', { retryAfterSeconds: 5 });
    try {
      return await current.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await lookAgain();
      return await current.find(header, token);
    }
  };

  return { find, refresh, hasKeys };
}

async function readJwks(source: JwksSource): Promise<unknown> {
  if (source.kind === 'file') return JSON.parse(await readFile(source.path, 'utf8'));
  const response = await fetch(source.url, {
    signal: AbortSignal.timeout(fetchTimeoutMs),
    headers: { accept: 'application/json' },
  });
  const text = await response.text();
  if (!response.ok || text.length > maxBytes) throw new Error('the key source does not answer with keys');
  return JSON.parse(text);
}
