/**
 * A door in front of a server: passes bytes on, keeps them back while it is shut, as a server that stalls, and knows when the first request came
 * through and when the last answer did. Everybody who is compared goes through it.
 */
import { connect, createServer, type Socket } from 'node:net';

export type Door = {
  readonly baseUrl: string;
  shut(): void;
  open(): void;
  /** Whether anybody stands in front of it. */
  isKnockedAt(): boolean;
  /** Since it was last opened, or since the last call: from the first request to the last answer. */
  seconds(): number;
  stop(): Promise<void>;
};

export async function startDoor(targetUrl: string): Promise<Door> {
  const target = new URL(targetUrl);
  const sockets = new Set<Socket>();
  let kept: (() => void)[] | null = null;
  let first: number | null = null;
  let last = 0;
  const pass = (send: () => void): void => {
    first ??= performance.now();
    send();
  };
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (bytes) => {
      const send = () => void upstream.write(bytes);
      if (kept === null) pass(send);
      else kept.push(send);
    });
    upstream.on('data', (bytes) => {
      last = performance.now();
      client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { readonly port: number };
  return {
    baseUrl: `http://127.0.0.1:${port}${target.pathname}`,
    shut: () => {
      kept ??= [];
    },
    open: () => {
      const sends = kept ?? [];
      kept = null;
      first = null;
      for (const send of sends) pass(send);
    },
    isKnockedAt: () => (kept?.length ?? 0) > 0,
    seconds: () => {
      const seconds = (last - (first ?? last)) / 1_000;
      first = null;
      return seconds;
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
