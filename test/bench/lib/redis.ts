/** A Redis of our own with its append-only file on, on loopback, in a folder that is removed at the end. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diesWithParent, freePorts, waitFor } from '@clinstream/local';

export type Redis = {
  readonly port: number;
  readonly pid: number;
  readonly version: string;
  clear(): void;
  stop(): Promise<void>;
};

export async function startRedis(): Promise<Redis> {
  const about = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  if (about.status !== 0) throw new Error('redis-server was not found: install it, e.g. `apt install redis-server`');
  const dir = mkdtempSync(join(tmpdir(), 'clinstream-redis-'));
  const port = await freePorts(1);
  // `everysec` is Redis' own default and what Celery and BullMQ advise: kill -9 loses nothing, a power cut up to a second.
  const durable = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''];
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--maxmemory-policy', 'noeviction', ...durable];
  const line = diesWithParent('redis-server', args);
  const child = spawn(line.command, line.args, { stdio: 'ignore' });
  await waitFor(() => spawnSync('redis-cli', ['-p', String(port), 'ping'], { encoding: 'utf8' }).stdout.startsWith('PONG'), {
    deadlineMs: 10_000,
    what: 'Redis',
  });
  return {
    port,
    pid: child.pid ?? -1,
    version: /v=(\S+)/.exec(about.stdout)?.[1] ?? 'unknown',
    clear: () => void spawnSync('redis-cli', ['-p', String(port), 'flushall']),
    stop: async () => {
      await ended(child, 'SIGTERM');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Sends the signal and waits for the end; SIGKILL after ten seconds. */
export async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(late);
}
