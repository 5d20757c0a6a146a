/**
 * A process that holds servers for the process that forked it, and takes them down when that one is gone, however it ended. Options arrive as
 * JSON in argv; sends `{ addresses }` or `{ error }` once.
 */
import { type StackServersOptions, startStackServers } from './stack-servers.ts';

const send = (message: object) => process.send?.(message);
const parentGone = new Promise<void>((resolve) => process.once('disconnect', () => resolve()));
// Ctrl-C in a terminal reaches the whole group; the parent's end is what counts.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});

try {
  const servers = await startStackServers(JSON.parse(process.argv[2] ?? '{}') as StackServersOptions);
  send({ addresses: servers.addresses });
  await parentGone;
  await servers.stop();
  process.exit(0);
} catch (error) {
  send({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.exit(1);
}
