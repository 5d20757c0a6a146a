/** W3C trace context (`traceparent`), level 1. Tracestate is not carried. */
import { randomBytes } from 'node:crypto';

export type Traceparent = { readonly traceId: string; readonly parentId: string; readonly sampled: boolean };

const shape = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The parts, or null when the text is not a valid traceparent (then start a new trace). */
export function parseTraceparent(text: string | null | undefined): Traceparent | null {
  const match = shape.exec(text ?? '');
  if (!match) return null;
  const [, version, traceId = '', parentId = '', flags = '', rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return null;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export const formatTraceparent = (trace: Traceparent): string =>
  `00-${trace.traceId}-${trace.parentId}-${trace.sampled ? '01' : '00'}`;

/** A new trace, sampled. */
export function newTraceparent(): string {
  const random = randomBytes(24).toString('hex');
  return `00-${random.slice(0, 32)}-${random.slice(32)}-01`;
}

/** The next span of the same trace; a new trace when there is none to continue. */
export function childOf(traceparent: string | null | undefined): string {
  const parent = parseTraceparent(traceparent);
  return parent === null ? newTraceparent() : formatTraceparent({ ...parent, parentId: randomBytes(8).toString('hex') });
}
