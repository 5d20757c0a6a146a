/** Ingest's three doors as a sender uses them. Each try ends with `ack` or with what came instead; nothing is thrown. */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export type Told = { readonly answer: string; readonly position: string | null; readonly jobId: string | null };

export type HttpDoor = { readonly url: string; readonly token: string; readonly timeoutMs: number };

const away = (error: unknown): string => {
  if (!(error instanceof Error)) return 'error';
  return error.name === 'TimeoutError' ? 'timeout' : ((error.cause as { code?: string } | undefined)?.code ?? error.name);
};
const none = { position: null, jobId: null } as const;

type Accepted = { readonly jobId?: string; readonly position?: string; readonly code?: string };

export async function postAnalysis({ url, token, timeoutMs }: HttpDoor, key: string, body: object): Promise<Told> {
  try {
    const response = await fetch(`${url}/v1/analyses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const { jobId = null, position = null, code = '' } = (await response.json()) as Accepted;
    return response.status === 202 ? { answer: 'ack', position, jobId } : { ...none, answer: `${response.status} ${code}` };
  } catch (error) {
    return { ...none, answer: away(error) };
  }
}

type LineAnswer = Accepted & {
  readonly reference: string | null;
  readonly status: number;
  readonly problem?: { readonly code?: string };
};

/** Lines are told one by one as they are answered; those that never are, `unanswered`, at the end. */
export async function postBatch(
  door: HttpDoor,
  lines: ReadonlyMap<string, object>,
  told: (reference: string, answer: Told) => void,
): Promise<void> {
  const open = new Set(lines.keys());
  let why = 'unanswered';
  const tell = (line: string): void => {
    const { reference, status, position = null, jobId = null, problem } = JSON.parse(line) as LineAnswer;
    if (reference === null || !open.delete(reference)) return;
    told(
      reference,
      status === 202 ? { answer: 'ack', position, jobId } : { ...none, answer: `${status} ${problem?.code ?? ''}` },
    );
  };
  try {
    const response = await fetch(`${door.url}/v1/analyses:batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${door.token}`, 'content-type': 'application/x-ndjson' },
      body: [...lines].map(([reference, body]) => `${JSON.stringify({ reference, ...body })}\n`).join(''),
      signal: AbortSignal.timeout(door.timeoutMs),
    });
    if (response.status !== 200 || response.body === null) why = String(response.status);
    else for await (const line of textLines(response.body)) tell(line);
  } catch (error) {
    why = away(error);
  }
  for (const reference of open) told(reference, { ...none, answer: why });
}

async function* textLines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    yield* parts.filter((part) => part !== '');
  }
}

/** One connection, kept open and dialled again when it broke; one message under way at a time. */
export type MllpDoor = { send(message: Buffer): Promise<string>; close(): void };

const startOfFrame = Buffer.of(0x0b);
const endOfFrame = Buffer.of(0x1c, 0x0d);

export function openMllp(port: number, timeoutMs: number): MllpDoor {
  let socket: Socket | null = null;
  const dial = (): Socket => {
    if (socket !== null && !socket.destroyed) return socket;
    socket = connect({ host: '127.0.0.1', port });
    socket.setNoDelay(true).on('error', () => {});
    return socket;
  };
  return {
    async send(message) {
      const line = dial();
      const stop = new AbortController();
      const timeout = delay(timeoutMs, 'timeout', { signal: stop.signal }).catch(() => 'timeout');
      const answer = await Promise.race([answerOn(line, message), timeout]);
      stop.abort();
      // A late answer must not be taken for the next message's.
      if (answer === 'timeout' || answer === 'closed') line.destroy();
      return answer;
    },
    close: () => socket?.destroy(),
  };
}

/** `ack` for AA and CA; else the code with the condition (HL7 table 0357), as `AR 207`. */
function meaningOf(answer: string): string {
  const code = /\rMSA\|([A-Z]{2})/.exec(answer)?.[1] ?? 'unreadable';
  if (code === 'AA' || code === 'CA') return 'ack';
  return `${code} ${/\rERR\|[^|]*\|[^|]*\|(\d+)/.exec(answer)?.[1] ?? ''}`.trim();
}

/** `closed` when there is no answer. */
function answerOn(socket: Socket, message: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const settle = (answer: string): void => {
      socket.off('data', onData).off('close', onClose);
      resolve(answer);
    };
    const onClose = (): void => settle('closed');
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      if (received.indexOf(endOfFrame) < 0) return;
      settle(meaningOf(received.toString('latin1')));
    };
    socket.on('data', onData).on('close', onClose);
    socket.write(Buffer.concat([startOfFrame, message, endOfFrame]));
  });
}
