/**
 * Whom the sync service tells on this machine: a FHIR server and a laboratory system, each left out by `--without`, or where the environment names
 * another one to use instead.
 *
 * Promise: nothing waits for the FHIR server. It starts in the background when it is told to, is kept running, and when it cannot be had one line says
 * why and all else goes on.
 */
import { join } from 'node:path';
import { type FhirServer, killFhirServer, startFhirServer } from './fhir-server.ts';
import { haveJars } from './jars.ts';
import { keepRunning } from './keep-running.ts';
import { startLisPartner } from './lis-partner.ts';
import type { Say } from './local-servers.ts';
import { isPortFree } from './ports.ts';
import type { TargetAddresses } from './services.ts';
import type { StartOptions } from './start-options.ts';

type Env = Readonly<Record<string, string | undefined>>;

export type LocalTargets = {
  readonly addresses: TargetAddresses;
  /** Brings up the embedded FHIR server, unless it is left out or somebody else's is used. Returns at once. */
  startFhir(): void;
  /** Null once the FHIR server serves, or the reason why there is none. Waits for the end of `startFhir`'s work. */
  whyNoFhir(): Promise<string | null>;
  stop(): Promise<void>;
};

export type LocalTargetsInput = {
  readonly options: StartOptions;
  readonly env: Env;
  readonly say: Say;
  readonly stopping: AbortSignal;
  /** For tests. */
  readonly startServer?: typeof startFhirServer;
};

/** Rejects, with nothing started, when a port is taken. */
export async function startLocalTargets(input: LocalTargetsInput): Promise<LocalTargets> {
  const { options, env, say } = input;
  const { ports, without } = options;
  const fhirIsOurs = !without.has('fhir') && !env['FHIR_BASE_URL'];
  const lisIsOurs = !without.has('lis') && !env['LIS_HOST'] && !env['LIS_REST_URL'];
  if (fhirIsOurs) await refuseTakenPort('the FHIR server', ports.fhir);
  if (lisIsOurs) await refuseTakenPort('the laboratory system', ports.lis);
  const partner = lisIsOurs ? await startLisPartner({ port: ports.lis, resultsPort: ports.mllp }) : null;
  if (partner !== null) say(`laboratory       127.0.0.1:${ports.lis} (MLLP, for demonstration)`);
  const background = fhirIsOurs ? createBackgroundFhir(input) : null;
  return {
    addresses: {
      fhirBaseUrl: without.has('fhir') ? null : (env['FHIR_BASE_URL'] ?? `http://127.0.0.1:${ports.fhir}/fhir`),
      lis: without.has('lis')
        ? null
        : { host: env['LIS_HOST'] ?? '127.0.0.1', port: Number(env['LIS_PORT'] ?? ports.lis), isOurs: lisIsOurs },
    },
    startFhir: () => background?.start(),
    whyNoFhir: async () => (await background?.outcome()) ?? null,
    stop: async () => void (await Promise.all([partner?.stop(), background?.stop()])),
  };
}

function createBackgroundFhir({ options, say, stopping, startServer = startFhirServer }: LocalTargetsInput) {
  const { dataDir, ports } = options;
  let server: FhirServer | null = null;
  let work: Promise<string | null> = Promise.resolve('it was not started');

  const start = async (): Promise<string | null> => {
    const began = performance.now();
    say(`FHIR server      starting in the background${haveJars('fhir') ? '' : ', once fetching 283 MB of jars by Maven first'}`);
    try {
      server = await startServer({ dir: fhirDir(dataDir), port: ports.fhir, validate: true, signal: stopping });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (!stopping.aborted) say(`FHIR server      could not be started, the rest goes on without it (--without fhir): ${why}`);
      return why;
    }
    say(`FHIR server      ${server.baseUrl}  ${((performance.now() - began) / 1000).toFixed(1)} s`);
    const kept = { exited: server.exited, start: server.restart };
    void keepRunning({ name: 'FHIR server', kept, say, stopping });
    return null;
  };
  return {
    start: () => {
      work = start();
    },
    outcome: () => work,
    stop: async () => {
      await work;
      await server?.stop();
    },
  };
}

const fhirDir = (dataDir: string): string => join(dataDir, 'fhir');

/** kill -9 for what runs or starts, for the second Ctrl-C. */
export const killLocalTargets = (dataDir: string): void => killFhirServer(fhirDir(dataDir));

async function refuseTakenPort(name: string, port: number): Promise<void> {
  if (!(await isPortFree(port))) throw new Error(`port ${port} for ${name} is taken: stop what uses it, or use --port-offset`);
}
