/** Remembers for a while which schema ids cannot be read, so that a flood of bad records does not become a flood of questions. Pure. */
import type { AppError } from '../errors/app-error.ts';

export type NegativeCache = {
  get(id: number, now: number): AppError | null;
  add(id: number, error: AppError, now: number): void;
};

export function createNegativeCache(options: { readonly maxEntries: number; readonly ttlMs: number }): NegativeCache {
  const entries = new Map<number, { readonly error: AppError; readonly expiresAt: number }>();
  return {
    get(id, now) {
      const entry = entries.get(id);
      if (!entry) return null;
      if (entry.expiresAt > now) return entry.error;
      entries.delete(id);
      return null;
    },
    add(id, error, now) {
      const oldest = entries.keys().next();
      if (entries.size >= options.maxEntries && !oldest.done) entries.delete(oldest.value);
      entries.set(id, { error, expiresAt: now + options.ttlMs });
    },
  };
}
