/**
 * One long-running server process of the embedded stack: Kafka's JVM or postgres. Output goes to a file, never to the terminal.
 *
 * Promise: `stop` and `kill` resolve only once the process is gone. It runs in its own process group, so that Ctrl-C in a terminal
 * reaches the supervisor alone. When the process that started it dies, even by kill -9, it dies too where `setpriv` exists (Linux);
 * elsewhere the pid file lets the next start end it (`endLeftover`).
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export type RunAs = { readonly uid: number; readonly gid: number };

export type ServerProcessOptions = {
  readonly command: string;
  readonly args: readonly string[];
  readonly logFile: string;
  readonly pidFile: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly runAs?: RunAs | null;
};

export type ServerProcess = {
  readonly pid: number;
  readonly logFile: string;
  /** Resolves with a readable reason once the process is gone, wanted or not. */
  readonly exited: Promise<string>;
  isRunning(): boolean;
  /** Sends the signal; after `timeoutMs` SIGKILL. */
  stop(signal: NodeJS.Signals, timeoutMs: number): Promise<void>;
};

type CommandLine = { readonly command: string; readonly args: string[]; readonly identity: { uid?: number; gid?: number } };

const answers = new Map<string, boolean>();
/** Whether util-linux' setpriv is there and allowed to do this; asked once per question. */
function setprivCan(...args: readonly string[]): boolean {
  const question = args.join(' ');
  const known = answers.get(question);
  if (known !== undefined) return known;
  const can = process.platform === 'linux' && spawnSync('setpriv', [...args, 'true'], { stdio: 'ignore' }).status === 0;
  answers.set(question, can);
  return can;
}

/** The command line run as that user, who keeps root's right to pass through folders closed to others: a clone below /root works. */
export function runAsPrefix(command: string, args: readonly string[], runAs: RunAs | null): CommandLine {
  if (runAs === null) return { command, args: [...args], identity: {} };
  const user = ['--reuid', String(runAs.uid), '--regid', String(runAs.gid), '--clear-groups'];
  const right = ['--inh-caps', '+dac_override', '--ambient-caps', '+dac_override'];
  // Without this access(2), by which PostgreSQL looks at its own files, forgets the right again.
  const prefix = [...user, ...right, '--securebits', '+no_setuid_fixup'];
  if (!setprivCan(...prefix)) return { command, args: [...args], identity: runAs };
  return { command: 'setpriv', args: [...prefix, command, ...args], identity: {} };
}

/** The command line whose process the kernel kills when its parent dies; unchanged where that cannot be had. */
export function diesWithParent(command: string, args: readonly string[], runAs: RunAs | null = null): CommandLine {
  const line = runAsPrefix(command, args, runAs);
  // Changing the user clears the wish, so setpriv must come last: only when it changes the user itself can it do both.
  if (!setprivCan('--pdeathsig', 'KILL') || (runAs && line.command !== 'setpriv')) return line;
  if (line.command === 'setpriv') return { ...line, args: ['--pdeathsig', 'KILL', ...line.args] };
  return { command: 'setpriv', args: ['--pdeathsig', 'KILL', line.command, ...line.args], identity: {} };
}

export function startServerProcess(options: ServerProcessOptions): ServerProcess {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a');
  const line = diesWithParent(options.command, options.args, options.runAs ?? null);
  const child = spawn(line.command, line.args, {
    stdio: ['ignore', log, log],
    detached: true,
    env: { ...process.env, ...options.env },
    ...line.identity,
    ...(options.cwd ? { cwd: options.cwd } : {}),
  });
  closeSync(log);
  const pid = child.pid ?? -1;
  writeFileSync(options.pidFile, `${pid}\n`);
  const exited = exitOf(child, options.command).then((reason) => {
    rmSync(options.pidFile, { force: true });
    return reason;
  });
  const isRunning = () => child.exitCode === null && child.signalCode === null && child.pid !== undefined;
  return {
    pid,
    logFile: options.logFile,
    exited,
    isRunning,
    stop: (signal, timeoutMs) => stop(child, exited, signal, timeoutMs),
  };
}

function exitOf(child: ChildProcess, command: string): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not start ${command}: ${error.message}`));
    child.once('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `exited with ${code}`));
  });
}

async function stop(child: ChildProcess, exited: Promise<string>, signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  await exited;
  clearTimeout(timer);
}

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** The pid in a file, or null when there is no such file or it is unreadable. */
export function readPid(file: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
    return Number.isInteger(pid) && pid > 1 ? pid : null;
  } catch {
    return null;
  }
}

/**
 * Ends the process an earlier run left behind, found by its pid file. `marker` must be part of its command line: a pid that was
 * given to some other program since then is left alone.
 */
export function endLeftover(pidFile: string, marker: string): void {
  const pid = killByPidFile(pidFile, marker);
  if (pid === null) return;
  const deadline = Date.now() + 10_000;
  while (isAlive(pid) && Date.now() < deadline) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
}

function commandLineOf(pid: number): string {
  try {
    return execFileSync('ps', ['-o', 'args=', '-ww', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

/** The same without waiting for its end: a child of ours is not gone before this process has been told. Null when there was nothing to kill. */
export function killByPidFile(pidFile: string, marker: string): number | null {
  const pid = readPid(pidFile);
  rmSync(pidFile, { force: true });
  if (pid === null || !isAlive(pid) || !commandLineOf(pid).includes(marker)) return null;
  process.kill(pid, 'SIGKILL');
  return pid;
}
