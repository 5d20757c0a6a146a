/**
 * One text per content: object keys sorted, strings in NFC, -0 as 0, absent members left out. Two bodies with the same digest are the
 * same request, however they were spelled. Pure. Call it on validated content only: it recurses as deep as its argument.
 */
import { sha256 } from '@clinstream/contracts';

export type Canonical =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Canonical[]
  | { readonly [name: string]: Canonical };

export function canonicalJson(value: Canonical): string {
  if (typeof value === 'string') return JSON.stringify(value.normalize('NFC'));
  if (value === undefined || value === null || typeof value !== 'object') return JSON.stringify(value ?? null);
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.keys(value)
    .filter((name) => value[name] !== undefined)
    .sort()
    .map((name) => `${JSON.stringify(name.normalize('NFC'))}:${canonicalJson(value[name])}`);
  return `{${members.join(',')}}`;
}

/** Lower-case hex sha-256 of the canonical text. */
export const canonicalDigest = (value: Canonical): string => sha256(canonicalJson(value));

const isList = (value: object): value is readonly Canonical[] => Array.isArray(value);
