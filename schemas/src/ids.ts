/**
 * Deterministic ids: every retry of the same thing lands on the same id (ADR 0003).
 * Name-based UUIDs are RFC 9562 version 5. Parts are joined with a separator no part may forge.
 */
import { hash } from 'node:crypto';

/** Namespace of all Clinstream name-based UUIDs. */
const namespaceBytes = Buffer.from('6f1f7a8ec5a94e6c9a0b3d0f4f0b2c11', 'hex');

/** UUIDv5 over the parts, each length-prefixed, so that ('ab','c') and ('a','bc') differ. */
export function deterministicId(kind: string, ...parts: readonly string[]): string {
  const name = [kind, ...parts].map((part) => `${part.length}:${part}`).join('');
  const digest = hash('sha1', Buffer.concat([namespaceBytes, Buffer.from(name, 'utf8')]), 'buffer');
  const bytes = digest.subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Job of one keyed HTTP request. */
export const jobIdOfRequest = (client: string, operation: string, idempotencyKey: string): string =>
  deterministicId('job', client, operation, idempotencyKey);

/**
 * AI job one placement of an order asks for. `contentDigest` is that placement's and includes its patient and its inputs: should a placer
 * number be used twice, which a sender may do while nobody can look it up, the two are two jobs and neither shows the other's result.
 */
export const jobIdOfOrder = (orderId: string, model: string, contentDigest: string): string =>
  deterministicId('order-job', orderId, model, contentDigest);

export const orderIdOf = (placerAuthority: string, placerNumber: string): string =>
  deterministicId('order', placerAuthority, placerNumber);

export const observationIdOf = (authority: string, number: string, code: string, subId: string): string =>
  deterministicId('observation', authority, number, code, subId);

/** Lower-case hex sha-256. */
export const sha256 = (content: string | Buffer): string => hash('sha256', content, 'hex');
