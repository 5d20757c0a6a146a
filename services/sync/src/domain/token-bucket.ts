/** Bounds a rate, and with it the burst after an outage. Pure: fills with the time it is given. */
export type TokenBucket = { readonly tokens: number; readonly at: number };
/** Null: no limit. */
export type Rate = { readonly perSecond: number; readonly burst: number } | null;

export const fullBucket = (rate: Rate, now: number): TokenBucket => ({ tokens: rate?.burst ?? 0, at: now });

export function refilled(bucket: TokenBucket, rate: Rate, now: number): TokenBucket {
  if (rate === null || now <= bucket.at) return bucket;
  return { tokens: Math.min(rate.burst, bucket.tokens + ((now - bucket.at) / 1_000) * rate.perSecond), at: now };
}

/** Whole tokens there are. */
export const available = (bucket: TokenBucket, rate: Rate): number =>
  rate === null ? Number.POSITIVE_INFINITY : Math.floor(bucket.tokens);

export const taken = (bucket: TokenBucket, count: number): TokenBucket => ({ ...bucket, tokens: bucket.tokens - count });

/** Until the next whole token. */
export const nextTokenMs = (bucket: TokenBucket, rate: Rate): number =>
  rate === null ? 0 : Math.max(0, Math.ceil(((1 - bucket.tokens) / rate.perSecond) * 1_000));
