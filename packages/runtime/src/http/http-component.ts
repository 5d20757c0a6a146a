/**
 * Starts and stops an HTTP server with its token keys. Stop: no new connections, `server.closing` aborts so that long polls and streams
 * end by themselves, requests under way may finish until the deadline, then their connections are cut.
 */
import type { AddressInfo } from 'node:net';
import { AppError } from '../errors/app-error.ts';
import type { Component } from '../lifecycle/component.ts';
import type { Authenticator } from './authenticator.ts';
import type { HttpServer } from './create-http-server.ts';

export type HttpComponentOptions = {
  readonly host: string;
  readonly port: number;
  readonly auth: Authenticator;
  readonly name?: string;
};
export type HttpComponent = Component & { port(): number };

/** `start` rejects with PORT_UNAVAILABLE (fatal) when it cannot listen. */
export function httpComponent(server: HttpServer, options: HttpComponentOptions): HttpComponent {
  const { host, port, auth } = options;
  let state: 'new' | 'listening' | 'stopped' = 'new';
  return {
    name: options.name ?? 'http',
    start: async () => {
      await auth.start();
      await server.listen({ host, port, listenTextResolver: () => 'listening' }).catch((cause) => {
        const message = `cannot listen on ${host}:${port}`;
        throw new AppError({ code: 'PORT_UNAVAILABLE', kind: 'fatal', stage: 'receive', message, cause });
      });
      state = 'listening';
    },
    stop: async (deadline) => {
      state = 'stopped';
      const cut = () => server.server.closeAllConnections();
      deadline.addEventListener('abort', cut, { once: true });
      if (deadline.aborted) cut();
      await server.close();
      deadline.removeEventListener('abort', cut);
      await auth.stop(deadline);
    },
    readiness: () =>
      state === 'listening' ? auth.readiness() : { ready: false, why: state === 'new' ? 'not listening yet' : 'stopped' },
    port: () => (server.server.address() as AddressInfo | null)?.port ?? 0,
  };
}
