/** One line of a batch: bytes -> a body of the documented shape, or the refusal it deserves. A broken line fails alone. */
import { fieldErrors } from '@clinstream/runtime/http';
import { Compile } from 'typebox/compile';
import { invalidLine, malformedLine, RefusedError } from './refusal.ts';
import { type BatchLine, BatchLineSchema } from './schemas.ts';

const shape = Compile(BatchLineSchema);
const maxErrors = 20;

/** Throws RefusedError. */
export function readLine(bytes: Buffer | null): BatchLine {
  if (bytes === null) throw new RefusedError(malformedLine('is longer than a line may be'));
  const line = parse(decode(bytes));
  if (shape.Check(line)) return line;
  throw new RefusedError(invalidLine(fieldErrors(shape.Errors(line), 'body').slice(0, maxErrors)));
}

/** What a line that was refused called itself, so that its answer can be matched. */
export function referenceOf(bytes: Buffer | null): string | null {
  try {
    const line = parse(decode(bytes ?? Buffer.alloc(0)));
    const reference = typeof line === 'object' && line !== null ? (line as { reference?: unknown }).reference : null;
    return typeof reference === 'string' && reference.length <= 255 ? reference : null;
  } catch {
    return null;
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new RefusedError(malformedLine('is not UTF-8'));
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RefusedError(malformedLine('is not JSON'));
  }
}
