/**
 * One connection that LISTENs, kept up for ever. A notification is a hint, never the truth: after every reconnect each subscriber gets
 * null ("you may have missed some"). Asks the server every 5 s, because a dead listening connection is otherwise silent.
 */
import { Client, type ClientConfig, escapeIdentifier } from 'pg';
import type { OnNotify } from './types.ts';

export type ListenerOptions = {
  readonly clientConfig: () => ClientConfig;
  readonly retryMs?: number;
  readonly heartbeatMs?: number;
};

export function createListener({ clientConfig, retryMs = 100, heartbeatMs = 5_000 }: ListenerOptions) {
  const subscribers = new Map<string, Set<OnNotify>>();
  let client: Client | null = null;
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  let connecting = false;
  let hadConnection = false;
  let waitMs = retryMs;

  async function connect(): Promise<void> {
    if (!running || connecting || client !== null || subscribers.size === 0) return;
    connecting = true;
    const next = new Client(clientConfig());
    next.on('error', () => lose(next));
    next.on('end', () => lose(next));
    next.on('notification', ({ channel, payload }) => tell(channel, payload ?? ''));
    try {
      await next.connect();
      for (const channel of subscribers.keys()) await next.query(`LISTEN ${escapeIdentifier(channel)}`);
      connecting = false;
      adopt(next);
    } catch {
      connecting = false;
      lose(next);
    }
  }

  function adopt(next: Client): void {
    if (!running) return void end(next);
    client = next;
    waitMs = retryMs;
    if (hadConnection) for (const channel of subscribers.keys()) tell(channel, null);
    hadConnection = true;
    beat(next);
  }

  function beat(current: Client): void {
    timer = setTimeout(() => {
      current.query('SELECT 1').then(
        () => client === current && beat(current),
        () => lose(current),
      );
    }, heartbeatMs);
    timer.unref();
  }

  function lose(lost: Client): void {
    if (client !== lost && client !== null) return;
    client = null;
    end(lost);
    if (!running || connecting) return;
    clearTimeout(timer);
    timer = setTimeout(() => void connect(), waitMs);
    timer.unref();
    waitMs = Math.min(waitMs * 2, 5_000);
  }

  function tell(channel: string, payload: string | null): void {
    for (const onNotify of subscribers.get(channel) ?? []) onNotify(payload);
  }

  function listen(channel: string, onNotify: OnNotify): () => void {
    const known = subscribers.get(channel);
    const all = known ?? new Set<OnNotify>();
    subscribers.set(channel, all.add(onNotify));
    const current = client;
    if (current === null) void connect();
    else if (!known) current.query(`LISTEN ${escapeIdentifier(channel)}`).catch(() => lose(current));
    return () => void all.delete(onNotify);
  }

  return {
    listen,
    start: (): void => {
      running = true;
      void connect();
    },
    stop: (): void => {
      running = false;
      clearTimeout(timer);
      if (client !== null) end(client);
      client = null;
    },
  };
}

function end(client: Client): void {
  client.end().catch(() => {});
}
