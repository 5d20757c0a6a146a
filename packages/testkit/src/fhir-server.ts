/**
 * The FHIR server that tests talk to: HAPI's, validating. One per test *run*, started when the first test asks (some 20 s), so that suites which do not
 * need it do not pay; a file that is run alone gets its own. Tests keep apart by ids and identifiers of their own (`uniqueName`).
 * A test that stops, kills or slows a server takes one of its own from `startFhirServer`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FhirServer, type FhirServerOptions, freePorts, startFhirServer as startLocal } from '@clinstream/local';
import { type FhirAddresses, type Hosted, hostFhirServer } from './hosted-servers.ts';

/** Where a test process asks for the run's server. Set by the runner. */
export const fhirVariable = 'CLINSTREAM_TEST_FHIR';
const startDeadlineMs = 300_000;

let shared: Promise<FhirAddresses> | null = null;

/** The run's shared server; the same at every call. */
export function testFhirServer(): Promise<FhirAddresses> {
  shared ??= askRunner(process.env[fhirVariable]);
  return shared;
}

async function askRunner(url: string | undefined): Promise<FhirAddresses> {
  if (url === undefined) return (await hostFhirServer()).addresses;
  const response = await fetch(url, { signal: AbortSignal.timeout(startDeadlineMs) });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as FhirAddresses;
}

/** A server of the caller's own in a scratch folder, for tests that break it. Whoever starts it stops it; it goes with this process at the latest. */
export async function startFhirServer(options: Partial<FhirServerOptions> = {}): Promise<FhirServer> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'clinstream-fhir-'));
  const remove = () => rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  const server = await startLocal({ validate: true, ...options, dir, port: options.port ?? (await freePorts()) });
  if (options.dir !== undefined) return server;
  return {
    ...server,
    stop: async () => {
      await server.stop();
      remove();
    },
  };
}

export type LazyFhirServer = { readonly url: string; stop(): Promise<void> };

/** The runner's side: a loopback door whose first visitor starts the server. */
export async function offerFhirServer(start: () => Promise<Hosted<FhirAddresses>> = hostFhirServer): Promise<LazyFhirServer> {
  let hosted: Promise<Hosted<FhirAddresses>> | null = null;
  const door = createServer(async (_request, response) => {
    hosted ??= start();
    const [status, body] = await hosted.then(
      ({ addresses }) => [200, JSON.stringify(addresses)] as const,
      (error: Error) => [503, error.message] as const,
    );
    response.writeHead(status).end(body);
  });
  door.unref();
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const stop = async () => {
    door.close();
    door.closeAllConnections();
    await (await hosted?.catch(() => null))?.stop();
  };
  return { url: `http://127.0.0.1:${(door.address() as AddressInfo).port}/`, stop };
}
