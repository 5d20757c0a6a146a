/**
 * One MLLP connection: bytes in, frames handed over as they come, answers out in the order the frames came, each in one write. Knows no HL7.
 *
 * Back-pressure: with `maxInFlight` frames unanswered, or answers the peer does not read, nothing more is taken from the socket. A peer that
 * ends its side still gets the answers to what it sent whole. Time-outs: `idleMs` without a byte and without work; `frameMs` between the
 * start of a frame and its end; `writeMs` for a peer that does not read. `close` answers what is in hand, then ends.
 *
 * open --close()--> closing --nothing in flight--> finished (our side ended, what comes is thrown away) --peer ends or lingerMs--> closed
 */
import type { Socket } from 'node:net';
import { createFrameReader, type Frame, type FrameLimits, frameOf } from '@clinstream/runtime/mllp';

/** What is said to a frame. `close`: hang up without a word, so that the peer knows nothing was promised. */
export type Reply = { readonly kind: 'answer'; readonly messages: readonly Buffer[] } | { readonly kind: 'close' };

export type ConnectionLimits = FrameLimits & {
  readonly maxInFlight: number;
  readonly idleMs: number;
  readonly frameMs: number;
  readonly writeMs: number;
};

/** Why a connection ended, as a label. */
export type CloseReason =
  | 'peer'
  | 'idle'
  | 'half-open-frame'
  | 'write-stalled'
  | 'too-much-discarded'
  | 'unanswered'
  | 'error'
  | 'stopping';

export type ConnectionSummary = {
  readonly reason: CloseReason;
  readonly skippedBytes: number;
  readonly abandonedFrames: number;
};

export type ConnectionHandlers = {
  /** A rejection closes the connection unanswered. */
  onFrame(frame: Frame): Promise<Reply>;
  onClosed(summary: ConnectionSummary): void;
};

export type Connection = { close(): void; destroy(): void };

/** How long an ended connection waits for its peer: closing at once could reset it and take the last answers along. */
const lingerMs = 1000;

export function serveConnection(socket: Socket, limits: ConnectionLimits, handlers: ConnectionHandlers): Connection {
  const reader = createFrameReader(limits);
  let state: 'open' | 'closing' | 'finished' = 'open';
  let inFlight = 0;
  let answers: Promise<void> = Promise.resolve();
  let peerEnded = false;
  let reason: CloseReason = 'peer';
  let timer: NodeJS.Timeout | undefined;

  const isFull = (): boolean => inFlight >= limits.maxInFlight || socket.writableNeedDrain;

  function destroyFor(why: CloseReason): void {
    if (state !== 'finished') reason = why;
    state = 'finished';
    socket.destroy();
  }

  function finishFor(why: CloseReason): void {
    if (state === 'finished') return;
    state = 'finished';
    reason = why;
    socket.end();
    socket.resume();
    clearTimeout(timer);
    timer = setTimeout(() => socket.destroy(), lingerMs);
  }

  /** One timer says what we wait for now; work in hand is waited for without limit here, the handler has its own. */
  function watch(): void {
    if (state === 'finished') return;
    clearTimeout(timer);
    if (socket.writableNeedDrain) timer = setTimeout(destroyFor, limits.writeMs, 'write-stalled');
    else if (reader.isInside() && !isFull()) timer = setTimeout(destroyFor, limits.frameMs, 'half-open-frame');
    else if (inFlight === 0) timer = setTimeout(finishFor, limits.idleMs, 'idle');
  }

  /** Takes what may be taken, then asks the socket for more or for none; says whether anything was taken. */
  function pump(): boolean {
    let taken = false;
    let isDrained = false;
    while (state === 'open' && !isFull() && !isDrained) {
      const frame = reader.next();
      if (frame === null) isDrained = true;
      else take(frame);
      taken ||= frame !== null;
    }
    settle(isDrained);
    return taken;
  }

  function settle(isDrained: boolean): void {
    if (state === 'finished') return;
    if (reader.isLost()) finishFor('too-much-discarded');
    else if (state === 'closing' && inFlight === 0) finishFor('stopping');
    else if (peerEnded && isDrained && inFlight === 0) finishFor('peer');
    else if (state === 'closing' || isFull()) socket.pause();
    else socket.resume();
  }

  function take(frame: Frame): void {
    inFlight++;
    const reply = handlers.onFrame(frame).catch((): Reply => ({ kind: 'close' }));
    answers = answers.then(() => reply).then(write);
  }

  function write(reply: Reply): void {
    inFlight--;
    if (state === 'finished') return;
    if (reply.kind === 'close') {
      finishFor('unanswered');
      return;
    }
    for (const message of reply.messages) socket.write(frameOf(message));
    pump();
    watch();
  }

  function onData(chunk: Buffer): void {
    if (state === 'finished') return;
    const wasInside = reader.isInside();
    reader.push(chunk);
    // The time-out of a frame runs from its first byte: a trickle does not hold a connection.
    if (pump() || !wasInside || !reader.isInside()) watch();
  }

  socket.on('data', onData);
  socket.on('drain', () => {
    pump();
    watch();
  });
  socket.on('end', () => {
    peerEnded = true;
    pump();
  });
  socket.on('error', () => destroyFor('error'));
  socket.on('close', () => {
    clearTimeout(timer);
    state = 'finished';
    handlers.onClosed({ reason, skippedBytes: reader.skippedBytes(), abandonedFrames: reader.abandonedFrames() });
  });
  watch();

  return {
    close: () => {
      if (state !== 'open') return;
      state = 'closing';
      pump();
    },
    destroy: () => destroyFor('stopping'),
  };
}
