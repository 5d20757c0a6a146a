/** One channel as a component: the socket (listener.ts), the way of a message (receive.ts), and what is counted and logged of both. */
import type { Component } from '@clinstream/runtime/lifecycle';
import type { Frame } from '@clinstream/runtime/mllp';
import { createMetrics, type Telemetry } from '@clinstream/runtime/telemetry';
import type { Channel } from './channel-settings.ts';
import type { Reply } from './connection.ts';
import { createControlIdMemory } from './control-ids.ts';
import { createKeyedOrder } from './keyed-order.ts';
import { createListener } from './listener.ts';
import { mllpMetrics } from './metrics.ts';
import { createReceiver, type Received, type ReceiverDeps } from './receive.ts';

export type MllpListenerOptions = ReceiverDeps & {
  readonly channel: Channel;
  readonly host: string;
  /** MLLP_PORT, for the channel that names none. */
  readonly defaultPort: number;
};

export type MllpListener = Component & { port(): number };

/** Start rejects with AppError MLLP_PORT_UNAVAILABLE (fatal), or when a TLS file cannot be read. */
export function createMllpListener(options: MllpListenerOptions): MllpListener {
  const { channel, host, telemetry } = options;
  const observe = createObserver(channel.name, telemetry);
  const receive = createReceiver(channel, options, createKeyedOrder());
  const { limits } = channel;
  return createListener(
    {
      name: channel.name,
      host,
      port: channel.port ?? options.defaultPort,
      tls: channel.tls,
      maxConnections: limits.maxConnections,
      limits: {
        maxFrameBytes: limits.maxFrameBytes,
        maxDiscardBytes: 4 * limits.maxFrameBytes,
        tolerateMissingCr: channel.tolerateMissingCr,
        maxInFlight: limits.maxInFlightPerConnection,
        idleMs: limits.idleTimeoutMs,
        frameMs: limits.frameTimeoutMs,
        writeMs: limits.writeTimeoutMs,
      },
    },
    { ...observe.socket, onFrame: (frame) => observe.message(frame, receive) },
  );
}

function createObserver(channel: string, { registry, log, clock }: Telemetry) {
  const metrics = createMetrics(registry, mllpMetrics);
  const isReused = createControlIdMemory();

  async function message(frame: Frame, receive: (frame: Frame) => Promise<Received>): Promise<Reply> {
    const startedAt = clock.now();
    if (frame.kind === 'frame') metrics.bytes.labels({ channel }).inc(frame.bytes.length);
    metrics.inFlight.labels({ channel }).inc();
    try {
      const received = await receive(frame);
      count(received);
      metrics.seconds.labels({ channel }).observe((clock.now() - startedAt) / 1000);
      return received.reply;
    } catch (error) {
      log.error({ channel, err: error }, 'a message could not be handled; its connection is closed unanswered');
      throw error;
    } finally {
      metrics.inFlight.labels({ channel }).dec();
    }
  }

  function count({ answer, fault, header, identity, error }: Received): void {
    if (header !== null && identity !== null && isReused(header, identity)) metrics.reusedControlIds.labels({ channel }).inc();
    if (answer === null) return;
    const code = fault?.code ?? (error === null ? '' : 'NOT_CONFIRMED');
    const type = typeLabel(header?.messageType ?? '');
    metrics.messages.labels({ channel, type, acknowledgement: answer.code, error_code: code }).inc();
    if (error !== null) log.error({ channel, messageId: identity?.messageId, err: error }, 'a message could not be confirmed');
    else if (fault !== null) {
      const { segment, occurrence, field } = fault.location;
      const where = { segment, position: occurrence, field };
      log.warn({ channel, messageId: identity?.messageId, code, ...where }, 'a message was refused');
    }
  }

  return {
    message,
    socket: {
      onOpened: () => metrics.connections.labels({ channel }).inc(),
      onRefused: (reason: string) => metrics.refused.labels({ channel, reason }).inc(),
      onClosed: (summary: { reason: string; skippedBytes: number; abandonedFrames: number }) => {
        metrics.connections.labels({ channel }).dec();
        metrics.closed.labels({ channel, reason: summary.reason }).inc();
        metrics.skippedBytes.labels({ channel }).inc(summary.skippedBytes);
        metrics.abandonedFrames.labels({ channel }).inc(summary.abandonedFrames);
      },
    },
  };
}

/** Only types we know become a label. */
const typeLabel = (type: string): string => (['OML', 'ORM', 'ORU', 'ADT'].includes(type) ? type : 'other');
