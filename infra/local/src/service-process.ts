/**
 * One service as a child process: `services/<name>/src/main.ts` on the Node that runs this file.
 *
 * Promise: it is ready once `whenReady` resolves (its own /ready says so); it dies with its parent where the kernel offers that (`diesWithParent`).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { diesWithParent } from './server-process.ts';
import { waitFor } from './wait.ts';

export type ServiceProcessOptions = {
  readonly name: string;
  readonly entry: string;
  /** Wins over this process's own environment. Must hold OPS_PORT. */
  readonly env: Readonly<Record<string, string>>;
  /** Where its lines are kept; null keeps them in memory only. */
  readonly logFile: string | null;
  /** Where its pid is kept while it runs, for the next start to find. */
  readonly pidFile?: string;
  /** Node flags; default `serviceNodeArgs`. */
  readonly nodeArgs?: readonly string[];
};

export type ServiceExit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type ServiceProcess = {
  readonly name: string;
  readonly pid: number;
  readonly opsUrl: string;
  readonly exited: Promise<ServiceExit>;
  isRunning(): boolean;
  /** Everything it has printed, oldest lines dropped past a megabyte. */
  logs(): string;
  /** Rejects when it ends first, the deadline passes or the signal is aborted; the error tells its last lines. */
  whenReady(deadlineMs?: number, signal?: AbortSignal): Promise<void>;
  isReady(): Promise<boolean>;
  /** SIGTERM, and SIGKILL after the timeout. */
  stop(timeoutMs?: number): Promise<ServiceExit>;
  kill(signal: NodeJS.Signals): void;
};

const keptCharacters = 1_000_000;

/**
 * V8 sizes its young generation by the machine's memory, up to 3 × 64 MB here, and lets it grow from one as things survive. What is in flight
 * survives: the larger the young generation, the less often it is copied. With room from the start the sink takes a seventh less CPU per job and
 * inference a twentieth, for 50 and 10 MB; more room would be paid for with more memory than a service may have. Below 2 GB of heap V8 collects the
 * old generation sooner: 100 MB less for the api service, whose share of the work is small. Inference would pay for that with speed, but not for a
 * heap that grows threefold between two collections instead of fourfold: 50 MB less (ADR 0017).
 */
const young = (mb: number): readonly string[] => [`--max-semi-space-size=${mb}`, `--min-semi-space-size=${mb}`];
const argsOf: Readonly<Record<string, readonly string[]>> = {
  api: [...young(32), '--max-old-space-size=2000'],
  inference: [...young(16), '--heap-growing-percent=200'],
};
export const serviceNodeArgs = (name: string): readonly string[] => argsOf[name] ?? ['--max-semi-space-size=8'];
/** Buffers come and go on several threads; glibc would keep a heap for each of them, and 45 MB more. */
const memoryEnv = { MALLOC_ARENA_MAX: '2' };

export function startServiceProcess(options: ServiceProcessOptions): ServiceProcess {
  const { name, entry, env } = options;
  const line = diesWithParent(process.execPath, [...(options.nodeArgs ?? serviceNodeArgs(name)), entry]);
  const child = spawn(line.command, line.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...memoryEnv, ...withoutTestRunner(process.env), ...env },
  });
  const output = collectOutput(child, options.logFile);
  const { pidFile } = options;
  if (pidFile) writeFileSync(pidFile, `${child.pid ?? -1}\n`);
  const exited = exitOf(child).then((exit) => {
    if (pidFile) rmSync(pidFile, { force: true });
    return exit;
  });
  const opsUrl = `http://127.0.0.1:${env['OPS_PORT'] ?? ''}`;
  const isRunning = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  const isReady = async () => (await fetch(`${opsUrl}/ready`, { signal: AbortSignal.timeout(2000) })).ok;
  return {
    name,
    pid: child.pid ?? -1,
    opsUrl,
    exited,
    isRunning,
    logs: output,
    isReady: () => isReady().catch(() => false),
    kill: (signal) => void child.kill(signal),
    whenReady: async (deadlineMs = 30_000, signal) => {
      const what = `${name} is ready`;
      const gone = exited.then(({ code, signal }) => {
        throw new Error(`${name} ended (${signal ?? code}) before it was ready:\n${output().slice(-3000)}`);
      });
      gone.catch(() => {});
      await Promise.race([waitFor(isReady, { deadlineMs, what, signal }), gone]).catch((error) => {
        throw new Error(`${error.message}\n${output().slice(-3000)}`, { cause: error });
      });
    },
    stop: async (timeoutMs = 30_000) => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      const exit = await exited;
      clearTimeout(timer);
      return exit;
    },
  };
}

/** A service started by a test is no test: without this it would report to the runner in its binary format. */
function withoutTestRunner(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _context, ...rest } = env;
  return rest;
}

const exitOf = (child: ChildProcess): Promise<ServiceExit> =>
  new Promise((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });

function collectOutput(child: ChildProcess, logFile: string | null): () => string {
  if (logFile) mkdirSync(dirname(logFile), { recursive: true });
  const file = logFile ? createWriteStream(logFile, { flags: 'a' }) : null;
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-keptCharacters);
      file?.write(chunk);
    });
  }
  child.once('close', () => file?.end());
  return () => text;
}
