/**
 * A TCP proxy that breaks connections on command, on loopback.
 *
 * `pass` forwards. `cut` resets what is open and refuses what comes. `slow` holds each chunk back for a time, in order. `blackHole` keeps connections
 * open and takes new ones, but nothing travels: the peer that never answers. Back to `pass`: what was held travels on.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type Fault =
  | { readonly kind: 'pass' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'slow'; readonly delayMs: number }
  | { readonly kind: 'blackHole' };

export type FaultProxy = {
  readonly port: number;
  readonly address: string;
  set(fault: Fault): void;
  /** Connections open now. */
  connections(): number;
  stop(): Promise<void>;
};

export type FaultProxyOptions = { readonly targetPort: number; readonly targetHost?: string; readonly port?: number };

export async function startFaultProxy({
  targetPort,
  targetHost = '127.0.0.1',
  port = 0,
}: FaultProxyOptions): Promise<FaultProxy> {
  let fault: Fault = { kind: 'pass' };
  const links = new Set<Link>();
  const server = createServer((client) => {
    if (fault.kind === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const link = createLink(client, connect({ host: targetHost, port: targetPort }), () => fault);
    links.add(link);
    link.closed.then(() => links.delete(link));
  });
  server.listen({ host: '127.0.0.1', port });
  await once(server, 'listening');
  const { port: listening } = server.address() as AddressInfo;
  const cutAll = () => {
    for (const link of links) link.cut();
  };
  return {
    port: listening,
    address: `127.0.0.1:${listening}`,
    connections: () => links.size,
    set: (next) => {
      fault = next;
      if (next.kind === 'cut') cutAll();
      for (const link of links) link.faultChanged();
    },
    stop: async () => {
      cutAll();
      server.close();
      await once(server, 'close');
    },
  };
}

type Link = { readonly closed: Promise<unknown>; cut(): void; faultChanged(): void };

function createLink(client: Socket, target: Socket, fault: () => Fault): Link {
  const pumps = [pump(client, target, fault), pump(target, client, fault)];
  for (const socket of [client, target]) socket.on('error', () => {});
  return {
    closed: Promise.all([client, target].map(closed)),
    cut: () => {
      reset(client);
      reset(target);
    },
    faultChanged: () => {
      for (const apply of pumps) apply();
    },
  };
}

/** A socket that is still connecting, or already saying good-bye, cannot be reset: it would never tell of its end. */
function reset(socket: Socket): void {
  if (socket.connecting || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()));

/** Moves bytes one way. Returns what to call when the fault has changed. */
function pump(from: Socket, to: Socket, fault: () => Fault): () => void {
  let held = Promise.resolve();
  from.on('data', (chunk: Buffer) => {
    const now = fault();
    if (now.kind === 'slow') held = held.then(() => new Promise((resolve) => setTimeout(resolve, now.delayMs)));
    from.pause();
    held = held.then(() => {
      if (!to.destroyed) to.write(chunk);
      apply();
    });
  });
  from.on('close', () => void held.then(() => to.destroy()));
  const apply = () => {
    if (fault().kind === 'blackHole') from.pause();
    else from.resume();
  };
  apply();
  return apply;
}
