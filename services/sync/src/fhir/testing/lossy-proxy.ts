/** Stands before a FHIR server and loses the replies to the first so many transactions, each after its effect. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type LossyProxy = { readonly baseUrl: string; lost(): number; stop(): Promise<void> };

export async function startLossyProxy(targetUrl: string, losses: number): Promise<LossyProxy> {
  let lost = 0;
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const path = incoming.url ?? '';
    const body = incoming.method === 'GET' ? null : Buffer.concat(chunks);
    const headers = { 'content-type': 'application/fhir+json', accept: 'application/fhir+json' };
    const reply = await fetch(`${targetUrl}${path === '/' ? '' : path}`, { method: incoming.method ?? 'GET', headers, body });
    const bytes = Buffer.from(await reply.arrayBuffer());
    if (incoming.method === 'POST' && path === '/' && lost < losses) {
      lost += 1;
      response.socket?.destroy();
      return;
    }
    response.writeHead(reply.status, { etag: reply.headers.get('etag') ?? '' }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lost: () => lost,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
