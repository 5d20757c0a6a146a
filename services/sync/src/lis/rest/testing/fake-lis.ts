/**
 * A laboratory system that does what it is told to, wrongly too. For tests: keeps its records in memory and honours no Idempotency-Key, so
 * that what is not sent twice was kept back by us.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Seen = {
  readonly method: string;
  readonly path: string;
  readonly key: string | null;
  readonly body: Record<string, unknown> | null;
};
/** Instead of its usual answer; `effect`: it does what was asked before it misbehaves. */
export type Misbehaviour =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Record<string, string>;
      readonly effect?: true;
    }
  | { readonly kind: 'cut'; readonly effect?: true }
  | { readonly kind: 'silence'; readonly effect?: true };

export type FakeLis = Awaited<ReturnType<typeof startFakeLis>>;
type Record_ = Record<string, unknown> & { readonly id: number };

export async function startFakeLis() {
  const state = {
    patients: [] as Record_[],
    orders: [] as Record_[],
    seen: [] as Seen[],
    description: null as object | null,
    cancelAnswer: 'cancelled',
    amendStatus: 200,
    /** Asked for every request; null: as usual. */
    misbehave: (_seen: Seen): Misbehaviour | null => null,
  };
  const collections: Readonly<Record<string, Record_[]>> = { '/api/patients/': state.patients, '/api/lab-tests/': state.orders };

  function usual({ method, path, body }: Seen): Answer {
    const { pathname, searchParams } = new URL(path, 'http://lis');
    if (pathname === '/api/schema/') return state.description ? { status: 200, body: state.description } : notFound;
    const list = collections[pathname];
    if (method === 'PATCH') return amend(Number(/^\/api\/lab-tests\/(\d+)\/$/.exec(pathname)?.[1]), body);
    if (list === undefined) return cancel(Number(/^\/api\/lab-tests\/(\d+)\/cancel\/$/.exec(pathname)?.[1]));
    return method === 'GET' ? { status: 200, body: list.filter((one) => matches(one, searchParams)) } : create(list, body);
  }

  function create(list: Record_[], body: Seen['body']): Answer {
    const created = { ...body, id: state.patients.length + state.orders.length + 1 };
    list.push(created);
    return { status: 201, body: created };
  }

  function amend(id: number, body: Seen['body']): Answer {
    const order = state.orders.find((one) => one.id === id);
    if (order === undefined) return notFound;
    if (state.amendStatus !== 200) return { status: state.amendStatus, body: { detail: 'in process' } };
    return { status: 200, body: Object.assign(order, body) };
  }

  function cancel(id: number): Answer {
    const order = state.orders.find((one) => one.id === id);
    if (order === undefined) return notFound;
    return state.cancelAnswer === 'cancelled'
      ? { status: 200, body: { ...order, status: 'cancelled' } }
      : { status: 409, body: { detail: 'in process' } };
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = await seenOf(request);
    state.seen.push(seen);
    const wrong = state.misbehave(seen);
    const answer = wrong === null || wrong.effect ? usual(seen) : notFound;
    if (wrong === null) response.writeHead(answer.status, json).end(JSON.stringify(answer.body));
    else if (wrong.kind === 'answer') response.writeHead(wrong.status, wrong.headers ?? json).end(wrong.body ?? '{}');
    else if (wrong.kind === 'cut') request.socket.destroy();
  }

  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts: (path: string) => state.seen.filter((one) => one.method === 'POST' && one.path.startsWith(path)),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

type Answer = { readonly status: number; readonly body: unknown };
const notFound: Answer = { status: 404, body: { detail: 'Not found.' } };
const json = { 'content-type': 'application/json' };

const matches = (record: Record_, wanted: URLSearchParams): boolean =>
  [...wanted].every(([name, value]) => record[name] === value);

async function seenOf(request: IncomingMessage): Promise<Seen> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const key = request.headers['idempotency-key'];
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    key: typeof key === 'string' ? key : null,
    body: text === '' ? null : JSON.parse(text),
  };
}
