/** Servers in a host process, so that they neither keep the test process alive nor outlive it. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { StackAddresses } from './stack-addresses.ts';
import type { StackServersOptions } from './stack-servers.ts';

export type Hosted<Addresses> = {
  readonly addresses: Addresses;
  /** Resolves when the servers are gone and their folder is removed. Not calling it is fine: they go when this process goes. */
  stop(): Promise<void>;
};
export type HostedServers = Hosted<StackAddresses>;

type HostMessage<Addresses> = { readonly addresses: Addresses } | { readonly error: string };

export const hostServers = (options: StackServersOptions = {}): Promise<HostedServers> =>
  host<StackAddresses>('stack-host.ts', 'the test servers', [JSON.stringify(options)]);

export type FhirAddresses = { readonly baseUrl: string };

/** One validating FHIR server. */
export const hostFhirServer = (): Promise<Hosted<FhirAddresses>> => host<FhirAddresses>('fhir-host.ts', 'the FHIR server', []);

async function host<Addresses>(script: string, what: string, args: readonly string[]): Promise<Hosted<Addresses>> {
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), [...args], {
    env,
    execArgv: [],
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const message = await new Promise<HostMessage<Addresses>>((resolve) => {
    child.once('message', (value) => resolve(value as HostMessage<Addresses>));
    child.once('error', (error) => resolve({ error: error.message }));
    child.once('exit', (code) => resolve({ error: `its host ended with ${code}` }));
  });
  if ('error' in message) throw new Error(`${what} did not start: ${message.error}`);
  child.unref();
  child.channel?.unref();
  const stop = async () => {
    child.ref();
    if (child.connected) child.disconnect();
    await ended;
  };
  return { addresses: message.addresses, stop };
}
