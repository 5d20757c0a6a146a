/** How requests are authorised: nothing, a fixed header, or a token that is fetched and renewed (smart-authorizer.ts). */
import { Buffer } from 'node:buffer';
import type { Secret } from '@clinstream/runtime/config';

export type Authorizer = {
  /** The Authorization header, null for none. Rejects with a retryable/dependency error when there is none to be had. */
  authorization(signal: AbortSignal): Promise<string | null>;
  /** The server refused this header. True when the next call may give another one. */
  forget(authorization: string): boolean;
};

export const anonymous: Authorizer = { authorization: async () => null, forget: () => false };

export const basic = (username: string, password: Secret): Authorizer =>
  fixed(() => `Basic ${Buffer.from(`${username}:${password.reveal()}`, 'utf8').toString('base64')}`);

export const bearer = (token: Secret): Authorizer => fixed(() => `Bearer ${token.reveal()}`);

const fixed = (header: () => string): Authorizer => ({ authorization: async () => header(), forget: () => false });
