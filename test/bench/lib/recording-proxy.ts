/** Passes FHIR requests on and keeps the bundles that went by, as templates: with another salt the same bundles are about other resources. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export type RecordingProxy = {
  readonly baseUrl: string;
  /** The transactions that went by, with the target's own address in them. */
  bundles(): readonly string[];
  stop(): Promise<void>;
};

export async function startRecordingProxy(baseUrl: string): Promise<RecordingProxy> {
  const target = new URL(baseUrl);
  const kept: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const answer = await fetch(new URL(request.url ?? '/', target.origin), {
      method: request.method ?? 'GET',
      headers: passedOn(request),
      ...(body === '' ? {} : { body }),
    });
    if (request.method === 'POST' && answer.ok && body.includes('"transaction"')) kept.push(body);
    const headers = Object.fromEntries(
      ['content-type', 'etag', 'location'].map((name) => [name, answer.headers.get(name) ?? '']),
    );
    response.writeHead(answer.status, headers).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    baseUrl: `${own}${target.pathname}`,
    bundles: () => kept.map((body) => body.replaceAll(own, target.origin)),
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

const passedOn = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    ['content-type', 'accept', 'if-match', 'if-none-exist', 'prefer'].flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );

/** The same bundle about other resources: every uuid in it becomes another, always the same for one salt. Pure. */
export function saltedBundle(bundle: string, salt: number): string {
  const shifted = (head: string): string => ((Number.parseInt(head, 16) ^ salt) >>> 0).toString(16).padStart(8, '0');
  return bundle.replace(
    /\b([0-9a-f]{8})(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b/g,
    (_, head, rest) => shifted(head) + rest,
  );
}

export const entriesOf = (bundle: string): number => (JSON.parse(bundle) as { readonly entry: readonly unknown[] }).entry.length;
