/**
 * MLLP framing: VT message FS CR. In: chunks as TCP cuts them; out: whole frames, one at a time, whatever the cuts. Knows no HL7.
 *
 * Bytes before VT are counted and skipped. A VT inside a frame means its sender gave up and began again: what was read is dropped and
 * counted (gluing two messages together could mix two patients). A frame longer than `maxFrameBytes` is read to its end without being
 * kept; its first bytes come out as `oversized`, so that it can be answered. Past `maxDiscardBytes` the reader is `lost`, as it is past that much garbage: close.
 * With `tolerateMissingCr` FS alone ends a frame, otherwise FS without CR is content. Memory held: at most one frame and one chunk.
 */

const vt = 0x0b;
const fs = 0x1c;
const cr = 0x0d;
const lf = 0x0a;

export type FrameLimits = {
  readonly maxFrameBytes: number;
  /** How much of a too long frame, or of garbage, is read on before giving up on the connection. */
  readonly maxDiscardBytes: number;
  readonly tolerateMissingCr: boolean;
};

export type Frame =
  | { readonly kind: 'frame'; readonly bytes: Buffer }
  /** `head`: its first bytes, enough for a message header. */
  | { readonly kind: 'oversized'; readonly head: Buffer };

export type FrameReader = {
  push(chunk: Buffer): void;
  /** The next whole frame, or null until more bytes come. */
  next(): Frame | null;
  /** A frame has begun and not ended. */
  isInside(): boolean;
  /** Too much was discarded: nothing more comes out. */
  isLost(): boolean;
  skippedBytes(): number;
  abandonedFrames(): number;
};

const headBytes = 4096;

export const frameOf = (message: Buffer): Buffer => Buffer.concat([Buffer.of(vt), message, Buffer.of(fs, cr)]);

export function createFrameReader(limits: FrameLimits): FrameReader {
  let chunks: Buffer[] = [];
  /** What of the frame is kept; stops growing when the frame is too long. */
  let kept: Buffer[] = [];
  let length = 0;
  let inside = false;
  /** The last byte seen inside was FS, and whether CR follows is not known yet. */
  let fsPending = false;
  let skipped = 0;
  /** Garbage since the last frame. */
  let garbageRun = 0;
  let abandoned = 0;

  const isTooLong = (): boolean => length > limits.maxFrameBytes;
  const isLost = (): boolean => Math.max(length - limits.maxFrameBytes, garbageRun) > limits.maxDiscardBytes;

  function begin(): void {
    if (inside) abandoned++;
    inside = true;
    fsPending = false;
    kept = [];
    length = 0;
  }

  function keep(part: Buffer): void {
    if (part.length === 0) return;
    const wasTooLong = isTooLong();
    length += part.length;
    if (!wasTooLong) kept.push(part);
    if (isTooLong() && !wasTooLong)
      kept = [Buffer.from(Buffer.concat(kept).subarray(0, Math.min(headBytes, limits.maxFrameBytes)))];
  }

  function end(): Frame {
    const frame: Frame = isTooLong()
      ? { kind: 'oversized', head: kept[0] ?? Buffer.alloc(0) }
      : { kind: 'frame', bytes: kept.length === 1 ? (kept[0] ?? Buffer.alloc(0)) : Buffer.concat(kept) };
    inside = false;
    kept = [];
    length = 0;
    return frame;
  }

  /** Outside a frame: skips to the next VT. The CR that belongs to a tolerated FS is not garbage. */
  function skip(chunk: Buffer): Buffer {
    const start = chunk.indexOf(vt);
    for (const byte of start < 0 ? chunk : chunk.subarray(0, start)) {
      if (byte === cr || byte === lf) continue;
      skipped++;
      garbageRun++;
      if (isLost()) break;
    }
    if (start < 0 || isLost()) return chunk.subarray(chunk.length);
    garbageRun = 0;
    begin();
    return chunk.subarray(start + 1);
  }

  type Step = { readonly rest: Buffer; readonly frame: Frame | null };

  /** Inside a frame: reads up to the next byte that means something. Gives the rest, and the frame when it is whole. */
  function read(chunk: Buffer): Step {
    if (fsPending) return afterFs(chunk);
    const stop = markIn(chunk);
    keep(stop < 0 ? chunk : chunk.subarray(0, stop));
    const rest = stop < 0 ? chunk.subarray(chunk.length) : chunk.subarray(stop + 1);
    if (stop < 0 || isLost()) return { rest, frame: null };
    if (chunk[stop] === fs && limits.tolerateMissingCr) return { rest, frame: end() };
    if (chunk[stop] === fs) fsPending = true;
    else begin();
    return { rest, frame: null };
  }

  /** Strict framing: only CR makes the FS before it an end. */
  function afterFs(chunk: Buffer): Step {
    fsPending = false;
    if (chunk[0] === cr) return { rest: chunk.subarray(1), frame: end() };
    keep(Buffer.of(fs));
    return { rest: chunk, frame: null };
  }

  function next(): Frame | null {
    while (!isLost()) {
      const chunk = chunks[0];
      if (chunk === undefined) return null;
      const { rest, frame } = inside ? read(chunk) : { rest: skip(chunk), frame: null };
      if (rest.length === 0) chunks.shift();
      else chunks[0] = rest;
      if (frame !== null) return frame;
    }
    chunks = [];
    return null;
  }

  return {
    push: (chunk) => {
      if (chunk.length > 0) chunks.push(chunk);
    },
    next,
    isInside: () => inside,
    isLost,
    skippedBytes: () => skipped,
    abandonedFrames: () => abandoned,
  };
}

/** Where the next VT or FS stands, or -1. */
function markIn(chunk: Buffer): number {
  const end = chunk.indexOf(fs);
  const start = (end < 0 ? chunk : chunk.subarray(0, end)).indexOf(vt);
  return start < 0 ? end : start;
}
