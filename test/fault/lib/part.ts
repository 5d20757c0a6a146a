/**
 * One process of the system under test: started as users start it, started again when it ends by itself, as an orchestrator would, and
 * killed, paused or ended on command.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { entryOf, type ServiceName, type ServiceProcess, startServiceProcess, waitFor } from '@clinstream/local';

export type PartName = 'ingest' | 'inference' | 'sink' | 'http' | SparePartName | SyncPartName;
/** Started by faults only. */
export type SparePartName = 'inference-2' | 'sink-2' | 'inference-leaking' | 'inference-throwing';
export type SyncPartName = 'sync-fhir' | 'sync-lis';
export const mainParts: readonly PartName[] = ['ingest', 'inference', 'sink', 'http'];
export const spareParts: readonly SparePartName[] = ['inference-2', 'sink-2', 'inference-leaking', 'inference-throwing'];
export const syncParts: readonly SyncPartName[] = ['sync-fhir', 'sync-lis'];

export type Part = {
  readonly name: PartName;
  isRunning(): boolean;
  /** Where /live, /ready and /metrics are. */
  opsUrl(): string;
  pid(): number;
  /** Everything its processes have printed. */
  logs(): string;
  /** Starts it unless it runs; does not wait until it is ready. */
  start(): void;
  whenReady(deadlineMs?: number): Promise<void>;
  /** kill -9, and it is not started again until told. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. Not started again until told. */
  terminate(): Promise<number | null>;
  /** SIGSTOP or SIGCONT. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** How often it ended by itself and was started again. */
  restarts(): number;
  /** Unless false (the default is true) an end by itself is answered by a new start. */
  keep(isKept: boolean): void;
};

const services: Readonly<Record<PartName, ServiceName>> = {
  ingest: 'ingest',
  inference: 'inference',
  sink: 'api',
  http: 'api',
  'inference-2': 'inference',
  'sink-2': 'api',
  'inference-leaking': 'inference',
  'inference-throwing': 'inference',
  'sync-fhir': 'sync-fhir',
  'sync-lis': 'sync-lis',
};
export const serviceOf = (name: PartName): ServiceName => services[name];

/** Services with a model worker of the tests' own. */
const ownEntries: Readonly<Partial<Record<PartName, string>>> = {
  'inference-leaking': fileURLToPath(new URL('./inference-leaking.ts', import.meta.url)),
  'inference-throwing': fileURLToPath(new URL('./inference-throwing.ts', import.meta.url)),
};

/** Between an end nobody asked for and the next start. */
const restartPauseMs = 500;

export function createPart(name: PartName, env: Readonly<Record<string, string>>, logFile: string): Part {
  let current: ServiceProcess | null = null;
  let wanted = false;
  let isKept = true;
  let restarts = 0;
  let before = '';

  const launch = (): void => {
    const started = startServiceProcess({ name, entry: ownEntries[name] ?? entryOf(serviceOf(name)), env, logFile });
    current = started;
    void started.exited.then(async () => {
      before = `${before}${started.logs()}`.slice(-2_000_000);
      if (current === started) current = null;
      if (!wanted || !isKept) return;
      await delay(restartPauseMs);
      if (!wanted || current !== null) return;
      restarts++;
      launch();
    });
  };
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> => {
    wanted = false;
    const ending = current;
    if (ending === null) return null;
    if (signal === 'SIGTERM') return (await ending.stop()).code;
    ending.kill('SIGKILL');
    return (await ending.exited).code;
  };
  return {
    name,
    isRunning: () => current?.isRunning() ?? false,
    opsUrl: () => `http://127.0.0.1:${env['OPS_PORT']}`,
    pid: () => current?.pid ?? -1,
    logs: () => before + (current?.logs() ?? ''),
    start() {
      wanted = true;
      if (current === null) launch();
    },
    whenReady: async (deadlineMs = 60_000) => {
      await waitFor(async () => (await current?.isReady()) ?? false, { deadlineMs, what: `${name} is ready` }).catch((error) => {
        throw new Error(`${error.message}\n${(before + (current?.logs() ?? '')).slice(-3000)}`);
      });
    },
    kill: async () => void (await end('SIGKILL')),
    terminate: () => end('SIGTERM'),
    signal: (signal) => current?.kill(signal),
    restarts: () => restarts,
    keep: (kept) => {
      isKept = kept;
    },
  };
}
