/** Servers in a host process, so that they neither keep the test process alive nor outlive it. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { StackAddresses } from './stack-addresses.ts';
import type { StackServersOptions } from './stack-servers.ts';

export type HostedServers = {
  readonly addresses: StackAddresses;
  /** Resolves when the servers are gone and their folder is removed. Not calling it is fine: they go when this process goes. */
  stop(): Promise<void>;
};

type HostMessage = { readonly addresses: StackAddresses } | { readonly error: string };

export async function hostServers(options: StackServersOptions = {}): Promise<HostedServers> {
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const host = fork(fileURLToPath(new URL('stack-host.ts', import.meta.url)), [JSON.stringify(options)], {
    env,
    execArgv: [],
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => host.once('exit', () => resolve()));
  const message = await new Promise<HostMessage>((resolve) => {
    host.once('message', (value) => resolve(value as HostMessage));
    host.once('error', (error) => resolve({ error: error.message }));
    host.once('exit', (code) => resolve({ error: `the host of the test servers ended with ${code}` }));
  });
  if ('error' in message) throw new Error(`the test servers did not start: ${message.error}`);
  host.unref();
  host.channel?.unref();
  const stop = async () => {
    host.ref();
    if (host.connected) host.disconnect();
    await ended;
  };
  return { addresses: message.addresses, stop };
}
