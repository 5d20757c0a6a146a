/**
 * A byte stream cut into its lines, a group per network chunk: groups grow with the sender's speed and wait for nothing. A line is never
 * held beyond `maxLineBytes`: of a longer one only its number remains. Blank lines are counted and passed over.
 * Ends early, saying so, at `maxLines` or `maxBytes`. Never destroys its source.
 */
export type Line = {
  /** 1-based, as the sender counts. */
  readonly number: number;
  /** Null: longer than a line may be. */
  readonly bytes: Buffer | null;
};

export type LineLimits = { readonly maxLineBytes: number; readonly maxLines: number; readonly maxBytes: number };

export type LineGroup = { readonly lines: readonly Line[]; readonly cutAt: number | null };

const newline = 0x0a;

export async function* splitLines(source: AsyncIterable<Buffer>, limits: LineLimits): AsyncGenerator<LineGroup> {
  const cutter = createCutter(limits);
  for await (const chunk of source) {
    const lines = cutter.feed(chunk);
    if (lines.length > 0 || cutter.cutAt() !== null) yield { lines, cutAt: cutter.cutAt() };
    if (cutter.cutAt() !== null) return;
  }
  const lines = cutter.finish();
  if (lines.length > 0) yield { lines, cutAt: null };
}

function createCutter(limits: LineLimits) {
  let parts: Buffer[] = [];
  let held = 0;
  let overlong = false;
  let number = 1;
  let total = 0;
  let cutAt: number | null = null;

  function hold(bytes: Buffer): void {
    if (held + bytes.length > limits.maxLineBytes) {
      overlong = true;
      parts = [];
    }
    held += bytes.length;
    if (!overlong && bytes.length > 0) parts.push(bytes);
  }

  function complete(into: Line[]): void {
    const [first, ...more] = parts;
    const bytes = more.length === 0 ? first : Buffer.concat(parts);
    if (overlong) into.push({ number, bytes: null });
    else if (bytes !== undefined && !isBlank(bytes)) into.push({ number, bytes });
    parts = [];
    held = 0;
    overlong = false;
    number++;
  }

  function feed(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    total += chunk.length;
    let from = 0;
    while (cutAt === null) {
      const to = chunk.indexOf(newline, from);
      if (number > limits.maxLines && from < chunk.length) cutAt = number;
      if (to === -1 || cutAt !== null) break;
      hold(chunk.subarray(from, to));
      complete(lines);
      from = to + 1;
    }
    if (cutAt === null) hold(chunk.subarray(from));
    if (total > limits.maxBytes) cutAt ??= number;
    return lines;
  }

  function finish(): Line[] {
    const lines: Line[] = [];
    if (held > 0) complete(lines);
    return lines;
  }
  return { feed, finish, cutAt: () => cutAt };
}

/** Space, tab, carriage return only. */
const isBlank = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
