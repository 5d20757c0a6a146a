/**
 * The embedded FHIR R4 server: HAPI's JPA server over H2, on loopback only (ADR 0008). A peer for tests and for trying; not for production.
 *
 * Promise: `startFhirServer` resolves once /metadata answers, which takes some 20 s and 1 GB of memory. Data lives in `dir` and survives stop, kill and
 * restart. The first start on a machine fetches 283 MB of jars.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchJars, jarsOf } from './jars.ts';
import { lastLines } from './log-tail.ts';
import { endLeftover, killByPidFile, type ServerProcess, startServerProcess } from './server-process.ts';
import { waitFor } from './wait.ts';

export type FhirServerOptions = {
  /** Data folder, made when missing. */
  readonly dir: string;
  readonly port: number;
  /** Refuses with 422 what does not conform; every entry of a transaction then needs a fullUrl. */
  readonly validate: boolean;
  readonly heapMb?: number;
  /** Lets the JVM optimise fully: faster once warm, but twice the work to start (32 s of processor time against 17 s). For benchmarks. */
  readonly optimise?: boolean;
  /** Ends a start that is no longer wanted; the server is killed. */
  readonly signal?: AbortSignal | undefined;
};

export type FhirServer = {
  /** `http://127.0.0.1:PORT/fhir` */
  readonly baseUrl: string;
  readonly pid: () => number;
  isRunning(): boolean;
  /** Resolves with the reason when the server that runs now ends. */
  exited(): Promise<string>;
  /** SIGTERM; requests in hand are answered. */
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts it again when it is down; stops it first when it is up. Resolves once it serves. */
  restart(): Promise<void>;
};

const launcher = fileURLToPath(new URL('../fhir/FhirServer.java', import.meta.url));
const startDeadlineMs = 300_000;

export async function startFhirServer(options: FhirServerOptions): Promise<FhirServer> {
  await fetchJars('fhir', options.signal);
  const dir = resolve(options.dir);
  mkdirSync(dir, { recursive: true });
  const baseUrl = `http://127.0.0.1:${options.port}/fhir`;
  const pidFile = pidFileOf(dir);
  const logFile = join(dir, 'fhir.log');
  let running: ServerProcess | null = null;

  const launch = () => {
    endLeftover(pidFile, markerOf(dir));
    running = startServerProcess({ command: 'java', args: javaArgs({ ...options, dir }), logFile, pidFile });
    return running;
  };
  const stop = async () => void (await running?.stop('SIGTERM', 30_000));
  const kill = async () => void (await running?.stop('SIGKILL', 1));
  const start = async () => {
    const server = launch();
    const ended = server.exited.then((reason) => {
      throw new Error(`the FHIR server ${reason}; the end of ${logFile}:\n${lastLines(logFile, 8)}`);
    });
    ended.catch(() => {});
    const serving = waitFor(() => serves(baseUrl), {
      deadlineMs: startDeadlineMs,
      everyMs: 200,
      what: `the FHIR server on port ${options.port}, see ${logFile}`,
      signal: options.signal,
    });
    await Promise.race([serving, ended]).catch(async (error) => {
      await kill();
      throw error;
    });
  };
  const restart = async () => {
    await stop();
    await start();
  };
  await start();
  return {
    baseUrl,
    pid: () => running?.pid ?? -1,
    isRunning: () => running?.isRunning() ?? false,
    exited: () => running?.exited ?? Promise.resolve('was not started'),
    stop,
    kill,
    restart,
  };
}

const pidFileOf = (dir: string): string => join(dir, 'fhir.pid');
/** Part of the command line of the server of this folder and of no other. */
const markerOf = (dir: string): string => `-Dclinstream.fhir.dir=${dir} `;

/** kill -9 for one that runs or starts, for the second Ctrl-C. */
export function killFhirServer(dir: string): void {
  killByPidFile(pidFileOf(resolve(dir)), markerOf(resolve(dir)));
}

function javaArgs({ dir, port, validate, heapMb, optimise }: FhirServerOptions): string[] {
  return [
    `-Xmx${heapMb ?? 512}m`,
    '-XX:+UseSerialGC',
    '-XX:-UsePerfData',
    ...(optimise ? [] : ['-XX:TieredStopAtLevel=1']),
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
    `-Dclinstream.fhir.dir=${dir}`,
    '-cp',
    join(jarsOf('fhir'), '*'),
    launcher,
    String(port),
    ...(validate ? ['validate'] : []),
  ];
}

async function serves(baseUrl: string): Promise<boolean> {
  const response = await fetch(`${baseUrl}/metadata?_summary=true`, { signal: AbortSignal.timeout(10_000) });
  await response.arrayBuffer();
  return response.ok;
}
