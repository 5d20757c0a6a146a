/**
 * A process that holds a FHIR server for the process that forked it, and takes it down when that one is gone, however it ended. Sends
 * `{ addresses }` or `{ error }` once.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, startFhirServer } from '@clinstream/local';
import { haveJars } from '@clinstream/local/jars';

const send = (message: object) => process.send?.(message);
const parentGone = new Promise<void>((resolve) => process.once('disconnect', () => resolve()));
const wanted = new AbortController();
void parentGone.then(() => wanted.abort());
// Ctrl-C in a terminal reaches the whole group; the parent's end is what counts.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});

if (!haveJars('fhir')) process.stderr.write('  fetching HAPI FHIR (283 MB by Maven) …\n');
const dir = mkdtempSync(join(tmpdir(), 'clinstream-fhir-'));
try {
  const server = await startFhirServer({ dir, port: await freePorts(), validate: true, signal: wanted.signal });
  send({ addresses: { baseUrl: server.baseUrl } });
  await parentGone;
  await server.kill();
} catch (error) {
  if (process.connected) send({ error: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
} finally {
  rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  process.exit();
}
