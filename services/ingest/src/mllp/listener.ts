/**
 * The listening socket of one channel: accepts, bounds and ends connections, optionally with TLS and client certificates. Knows no HL7.
 * Promise: never more than `maxConnections`; `stop` accepts nothing new, answers what is in hand, then closes, and at the deadline cuts.
 * A port already taken is reported by `start` (a wrong setting, not a dependency that comes back).
 */
import { readFile } from 'node:fs/promises';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { AppError } from '@clinstream/runtime/errors';
import type { Component, Readiness } from '@clinstream/runtime/lifecycle';
import {
  type Connection,
  type ConnectionHandlers,
  type ConnectionLimits,
  type ConnectionSummary,
  serveConnection,
} from './connection.ts';

export type TlsFiles = {
  readonly certFile: string;
  readonly keyFile: string;
  /** With it every client must show a certificate this authority signed. */
  readonly clientCaFile: string | null;
};

export type ListenerOptions = {
  readonly name: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly tls: TlsFiles | null;
  readonly maxConnections: number;
  readonly limits: ConnectionLimits;
};

export type ListenerHandlers = {
  onFrame: ConnectionHandlers['onFrame'];
  onOpened(): void;
  onClosed(summary: ConnectionSummary): void;
  /** Too many connections, a TLS handshake that failed, or an operating system that has no more to give. */
  onRefused(why: 'full' | 'handshake' | 'system'): void;
};

export type Listener = Component & { /** The port bound, after start. */ port(): number };

const keepAliveMs = 30_000;
const handshakeTimeoutMs = 10_000;

export function createListener(options: ListenerOptions, handlers: ListenerHandlers): Listener {
  const connections = new Set<Connection>();
  let server: Server | null = null;
  let readiness: Readiness = { ready: false, why: 'not started' };

  function accept(socket: Socket): void {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    handlers.onOpened();
    const connection = serveConnection(socket, options.limits, {
      onFrame: handlers.onFrame,
      onClosed: (summary) => {
        connections.delete(connection);
        handlers.onClosed(summary);
      },
    });
    connections.add(connection);
  }

  async function start(): Promise<void> {
    server = await createServer(options, accept);
    server.maxConnections = options.maxConnections;
    server.on('drop', () => handlers.onRefused('full'));
    server.on('tlsClientError', () => handlers.onRefused('handshake'));
    await listening(server, options);
    server.on('error', () => handlers.onRefused('system'));
    readiness = { ready: true };
  }

  async function stop(deadline: AbortSignal): Promise<void> {
    readiness = { ready: false, why: 'stopping' };
    const stopping = server;
    if (stopping === null) return;
    server = null;
    const closed = new Promise<void>((resolve) => stopping.close(() => resolve()));
    const cut = (): void => {
      for (const connection of connections) connection.destroy();
    };
    for (const connection of connections) connection.close();
    deadline.addEventListener('abort', cut, { once: true });
    if (deadline.aborted) cut();
    await closed;
    deadline.removeEventListener('abort', cut);
  }

  return {
    name: `mllp:${options.name}`,
    start,
    stop,
    readiness: () => readiness,
    port: () => {
      const address = server?.address();
      return typeof address === 'object' && address !== null ? address.port : 0;
    },
  };
}

async function createServer({ tls }: ListenerOptions, accept: (socket: Socket) => void): Promise<Server> {
  // A peer may end its side right after its message: it still gets the answer.
  if (tls === null) return createTcpServer({ allowHalfOpen: true, noDelay: true }, accept);
  const [cert, key, ca] = await Promise.all([tls.certFile, tls.keyFile, tls.clientCaFile].map(readOptional));
  const clients = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true };
  const own = cert === undefined || key === undefined ? {} : { cert, key };
  return createTlsServer(
    { ...own, ...clients, minVersion: 'TLSv1.2', handshakeTimeout: handshakeTimeoutMs, allowHalfOpen: true },
    accept,
  );
}

async function readOptional(file: string | null): Promise<Buffer | undefined> {
  return file === null ? undefined : readFile(file);
}

function listening(server: Server, { host, port, name }: ListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new AppError({
          code: 'MLLP_PORT_UNAVAILABLE',
          kind: 'fatal',
          stage: 'receive',
          message: `the MLLP channel ${name} cannot listen on ${host}:${port}`,
          cause,
        }),
      ),
    );
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}
