/**
 * Keeps one token until 90 % of its life has passed; one fetch in flight whatever the number of callers, so that a burst of expired requests
 * asks the token endpoint once. A failed fetch is not kept: the next caller tries again, and waiting is the breaker's business.
 */
import type { Clock } from '@clinstream/runtime/lifecycle';

export type Token = { readonly value: string; readonly lifeMs: number };

export type TokenCache = {
  /** Rejects as `fetch` does. */
  get(): Promise<string>;
  /** Drops that token; one that has replaced it meanwhile stays. */
  drop(value: string): void;
};

export function createTokenCache(fetch: () => Promise<Token>, clock: Clock): TokenCache {
  let current: { readonly value: string; readonly until: number } | null = null;
  let fetching: Promise<string> | null = null;

  async function renew(): Promise<string> {
    // Its life counts from before the request: the server's clock started somewhere in between.
    const asked = clock.now();
    const { value, lifeMs } = await fetch();
    current = { value, until: asked + lifeMs * 0.9 };
    return value;
  }

  return {
    get: () => {
      if (current !== null && clock.now() < current.until) return Promise.resolve(current.value);
      fetching ??= renew().finally(() => {
        fetching = null;
      });
      return fetching;
    },
    drop: (value) => {
      if (current?.value === value) current = null;
    },
  };
}
