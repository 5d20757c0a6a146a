/**
 * One connection to a peer that speaks MLLP, one message in flight. Bytes out, whole frames in; which frame answers which message is the caller's
 * to judge (`pair`). Knows no HL7.
 *
 * Promise: an exchange ends within `replyTimeoutMs`, whatever arrives, and a connection on which one was lost is gone: an answer that comes late
 * can never be taken for another message's. A frame that nobody waits for, or that pairs with nothing, is thrown away and counted.
 *
 *   dial ──> idle ──write──> waiting ──paired──> idle
 *             │                 └── time-out, peer closed, too much garbage ──> gone (the message may have arrived)
 *             └── peer closed ──> gone (nothing was lost)
 */
import { readFile } from 'node:fs/promises';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { createFrameReader, frameOf } from '@clinstream/runtime/mllp';

export type TlsFiles = { readonly caFile: string | null; readonly certFile: string | null; readonly keyFile: string | null };

export type PeerAddress = {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsFiles | null;
  readonly connectTimeoutMs: number;
  readonly replyTimeoutMs: number;
  readonly maxReplyBytes: number;
};

/** `provisional`: taken, the real answer is still to come. */
export type Pairing = 'final' | 'provisional' | 'foreign';
export type Pair = (frame: Buffer) => Pairing;

export type LossReason = 'timeout' | 'closed' | 'garbage' | 'aborted';
export type Exchange =
  | { readonly kind: 'replied'; readonly bytes: Buffer }
  /** Not one byte left: it was closed before. */
  | { readonly kind: 'unsent' }
  /** It may have arrived. `provisional`: it did, that much was said. */
  | { readonly kind: 'lost'; readonly why: LossReason; readonly provisional: Buffer | null };

export type PeerConnection = {
  isUsable(): boolean;
  /** Exchanges answered on it. */
  answered(): number;
  /** The peer closed it although nothing was lost, soon after an answer. */
  wasClosedAfterAnswer(): boolean;
  exchange(message: Buffer, pair: Pair, signal: AbortSignal): Promise<Exchange>;
  close(): void;
  /** At once: what is in flight is lost as `aborted`. */
  cut(): void;
};

const keepAliveMs = 30_000;
/** A peer that closes this soon after an answer takes one message per connection. */
const closesAfterMs = 1_000;
/** Frames that answer nothing while one answer is waited for. */
const mostForeignFrames = 100;

type Waiting = { onFrame(bytes: Buffer): void; onGone(why: LossReason): void };

export function wrapSocket(
  socket: Socket,
  address: Pick<PeerAddress, 'replyTimeoutMs' | 'maxReplyBytes'>,
  onDiscarded: () => void,
): PeerConnection {
  const reader = createFrameReader({
    maxFrameBytes: address.maxReplyBytes,
    maxDiscardBytes: address.maxReplyBytes,
    tolerateMissingCr: true,
  });
  let waiting: Waiting | null = null;
  let gone = false;
  let answered = 0;
  let lastAnswerAt = Number.NEGATIVE_INFINITY;
  let closedAfterAnswer = false;

  function leave(why: LossReason): void {
    if (!gone && waiting === null) closedAfterAnswer = performance.now() - lastAnswerAt < closesAfterMs;
    gone = true;
    socket.destroy();
    waiting?.onGone(why);
  }

  function onData(chunk: Buffer): void {
    reader.push(chunk);
    for (let frame = reader.next(); frame !== null && !gone; frame = reader.next()) {
      if (frame.kind === 'oversized') leave('garbage');
      else if (waiting === null) onDiscarded();
      else waiting.onFrame(frame.bytes);
    }
    if (reader.isLost()) leave('garbage');
  }

  socket.on('data', onData);
  socket.on('end', () => leave('closed'));
  socket.on('error', () => leave('closed'));
  socket.on('close', () => leave('closed'));

  function exchange(message: Buffer, pair: Pair, signal: AbortSignal): Promise<Exchange> {
    if (gone || !socket.writable || signal.aborted) return Promise.resolve({ kind: 'unsent' });
    return new Promise((resolve) => {
      const timer = setTimeout(() => leave('timeout'), address.replyTimeoutMs);
      const onAbort = (): void => leave('aborted');
      const finish = (result: Exchange): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        waiting = null;
        resolve(result);
      };
      waiting = waitFor(pair, finish);
      signal.addEventListener('abort', onAbort, { once: true });
      socket.write(frameOf(message));
    });
  }

  function waitFor(pair: Pair, finish: (result: Exchange) => void): Waiting {
    let provisional: Buffer | null = null;
    let foreign = 0;
    const onFrame = (bytes: Buffer): void => {
      const pairing = pair(bytes);
      if (pairing === 'final') {
        answered++;
        lastAnswerAt = performance.now();
        finish({ kind: 'replied', bytes });
      } else if (pairing === 'provisional') provisional = bytes;
      else {
        onDiscarded();
        if (++foreign > mostForeignFrames) leave('garbage');
      }
    };
    return { onFrame, onGone: (why) => finish({ kind: 'lost', why, provisional }) };
  }

  return {
    isUsable: () => !gone && socket.writable,
    answered: () => answered,
    wasClosedAfterAnswer: () => closedAfterAnswer,
    exchange,
    cut: () => leave('aborted'),
    close: () => {
      gone = true;
      socket.end();
      // What the peer still says, or that it never says good-bye, is not worth a wait.
      socket.destroySoon();
    },
  };
}

/** Rejects when the peer is not there: nothing was sent. */
export async function dial(address: PeerAddress, signal: AbortSignal): Promise<Socket> {
  const socket = await opening(address);
  const isTls = address.tls !== null;
  const ready = isTls ? 'secureConnect' : 'connect';
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(Object.assign(new Error('aborted'), { code: 'ABORT_ERR' }));
    const onTimeout = (): void => fail(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' }));
    const onEnd = (): void => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    const timer = setTimeout(onTimeout, address.connectTimeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('error', fail).off('close', onEnd).off(ready, onReady);
      // Between here and its new owner an error must not be nobody's.
      socket.on('error', () => undefined);
    };
    const onReady = (): void => {
      settle();
      socket.setNoDelay(true);
      socket.setKeepAlive(true, keepAliveMs);
      resolve(socket);
    };
    socket.once('error', fail).once('close', onEnd).once(ready, onReady);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

async function opening({ host, port, tls }: PeerAddress): Promise<Socket> {
  if (tls === null) return connectTcp({ host, port });
  const [ca, cert, key] = await Promise.all([tls.caFile, tls.certFile, tls.keyFile].map(readOptional));
  return connectTls({
    host,
    port,
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    // A name is checked against the certificate; an address cannot be sent as one.
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
  });
}

async function readOptional(file: string | null): Promise<Buffer | undefined> {
  return file === null ? undefined : readFile(file);
}
