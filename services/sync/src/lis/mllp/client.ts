/**
 * Our end of the connections to the laboratory: a fixed number of lanes, one connection and one message in flight each. A patient always has the
 * same lane, so what waits for an answer keeps only the patients of its lane waiting, and at most for the reply time-out.
 *
 * A peer that takes one message per connection is met with a new connection for each, as told (`each`) or as learned: from the first close right
 * after an answer, or under our second message. Knows no HL7.
 */
import { sha256 } from '@clinstream/contracts';
import { type AppError, classify } from '@clinstream/runtime/errors';
import type { Clock } from '@clinstream/runtime/lifecycle';
import { dial, type Exchange, type Pair, type PeerAddress, type PeerConnection, wrapSocket } from './connection.ts';
import { createDialGate } from './dial-gate.ts';
import { lisMllpError } from './errors.ts';

export type ClientOptions = PeerAddress & {
  readonly lanes: number;
  /** `each`: a connection carries one message. */
  readonly connection: 'keep' | 'each';
};

export type ClientEvents = {
  onConnections(change: 1 | -1): void;
  onDiscarded(): void;
};

/** A lane held by one caller. */
export type Line = {
  /** Rejects with LIS_UNREACHABLE (retryable/dependency), or LIS_INTERRUPTED after an abort. */
  connect(): Promise<void>;
  exchange(message: Buffer, pair: Pair): Promise<Exchange & { readonly wasReused: boolean }>;
};

export type LisClient = {
  /** Waits for the lane of the key; the lane is let go when `work` settles. */
  onLane<T>(key: string, signal: AbortSignal, work: (line: Line) => Promise<T>): Promise<T>;
  /** Resolves when the peer takes a connection; one is kept where a lane has none. */
  probe(signal: AbortSignal): Promise<void>;
  /** Waits for what is in flight until the deadline, then cuts. */
  stop(deadline: AbortSignal): Promise<void>;
};

type Lane = { connection: PeerConnection | null; turn: Promise<unknown> };

export function createLisClient(options: ClientOptions, clock: Clock, events: ClientEvents): LisClient {
  const lanes = Array.from({ length: options.lanes }, (): Lane => ({ connection: null, turn: Promise.resolve() }));
  const gate = createDialGate(() => clock.now());
  const cut = new AbortController();
  let isOneEach = options.connection === 'each';

  async function open(signal: AbortSignal): Promise<PeerConnection> {
    try {
      const socket = await dial(options, AbortSignal.any([signal, cut.signal]));
      events.onConnections(1);
      socket.once('close', () => events.onConnections(-1));
      return wrapSocket(socket, options, events.onDiscarded);
    } catch (error) {
      refuseInterrupted(signal);
      gate.failed();
      throw unreachable(gate.wait(), error);
    }
  }

  function refuseInterrupted(signal: AbortSignal): void {
    if (signal.aborted || cut.signal.aborted) throw lisMllpError('LIS_INTERRUPTED');
  }

  async function connect(lane: Lane, signal: AbortSignal): Promise<void> {
    refuseInterrupted(signal);
    if (lane.connection?.isUsable()) return;
    if (lane.connection?.wasClosedAfterAnswer()) isOneEach = true;
    lane.connection = null;
    const wait = gate.wait();
    if (wait > 0) throw unreachable(wait, null);
    lane.connection = await open(signal);
  }

  async function exchange(lane: Lane, message: Buffer, pair: Pair, signal: AbortSignal) {
    const { connection } = lane;
    if (connection === null) return { kind: 'unsent', wasReused: false } as const;
    const wasReused = connection.answered() > 0;
    const result = await connection.exchange(message, pair, signal);
    if (result.kind === 'replied') gate.answered();
    else if (result.kind === 'lost' && result.why === 'timeout') return { ...result, wasReused };
    // A peer that drops what it has just taken is not there; one that is silent already costs its time-out.
    else if (!wasReused) gate.failed();
    else if (result.kind === 'lost' && result.why === 'closed') isOneEach = true;
    if (isOneEach && connection.isUsable()) connection.close();
    return { ...result, wasReused };
  }

  const laneOf = (key: string): Lane => {
    const index = Number.parseInt(sha256(key).slice(0, 8), 16) % lanes.length;
    return lanes[index] as Lane;
  };

  return {
    onLane: (key, signal, work) => {
      const lane = laneOf(key);
      const line: Line = {
        connect: () => connect(lane, signal),
        exchange: (message, pair) => exchange(lane, message, pair, signal),
      };
      const result = lane.turn.then(() => work(line));
      lane.turn = result.catch(() => undefined);
      return result;
    },
    probe: async (signal) => {
      const idle = lanes.find((lane) => !lane.connection?.isUsable());
      if (idle === undefined) return;
      const connection = await open(signal);
      gate.found();
      // The lane may have been given one meanwhile.
      if (idle.connection?.isUsable()) connection.close();
      else idle.connection = connection;
    },
    stop: async (deadline) => {
      const abort = (): void => {
        cut.abort();
        for (const { connection } of lanes) connection?.cut();
      };
      deadline.addEventListener('abort', abort, { once: true });
      if (deadline.aborted) abort();
      await Promise.all(lanes.map(({ turn }) => turn));
      deadline.removeEventListener('abort', abort);
      cut.abort();
      for (const { connection } of lanes) connection?.close();
    },
  };
}

const unreachable = (retryAfterMs: number, cause: unknown): AppError =>
  lisMllpError('LIS_UNREACHABLE', { retryAfterMs, cause: cause === null ? null : classify(cause, 'outbound') });
