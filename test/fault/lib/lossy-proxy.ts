/** Stands between sync and the FHIR server, and can lose replies after their effect: the request is done in full, then the connection is cut. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type LossyProxy = {
  /** With the path of the server behind it. */
  readonly baseUrl: string;
  /** From now on; null: none is lost. */
  lose(isNextLost: (() => boolean) | null): void;
  /** Requests answered or lost so far, and those lost. */
  counts(): { readonly requests: number; readonly lost: number };
  stop(): Promise<void>;
};

export async function startLossyProxy(targetUrl: string): Promise<LossyProxy> {
  const { origin, pathname } = new URL(targetUrl);
  let isNextLost: (() => boolean) | null = null;
  let requests = 0;
  let lost = 0;
  const forward = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const reply = await ask(origin, incoming);
    const body = Buffer.from(await reply.arrayBuffer());
    requests += 1;
    if (isNextLost?.()) {
      lost += 1;
      outgoing.socket?.resetAndDestroy();
      return;
    }
    outgoing.writeHead(reply.status, Object.fromEntries(withoutFraming(reply.headers))).end(body);
  };
  // The server is down: so is what stands before it.
  const server = createServer((incoming, outgoing) => void forward(incoming, outgoing).catch(() => outgoing.socket?.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    lose: (next) => {
      isNextLost = next;
    },
    counts: () => ({ requests, lost }),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function ask(origin: string, incoming: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]);
  return fetch(`${origin}${incoming.url ?? '/'}`, {
    method: incoming.method ?? 'GET',
    headers: withoutFraming(headers),
    ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
  });
}

const framing = new Set(['connection', 'content-encoding', 'content-length', 'host', 'keep-alive', 'transfer-encoding']);
const withoutFraming = (headers: Iterable<[string, string]>): [string, string][] =>
  [...headers].filter(([name]) => !framing.has(name));
