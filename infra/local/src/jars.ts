/**
 * Where the jars of the embedded Java servers lie: below .cache/, in a folder named by a digest of the pom that asks for them, so that a changed pom
 * fetches anew. scripts/bootstrap.mjs knows the same names and fetches Kafka's before anything starts; the FHIR server's are fetched by `fetchJars`.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { diesWithParent } from './server-process.ts';

export type JarSet = 'kafka' | 'fhir';

const pomOf = (name: JarSet): URL => new URL(`../${name}/pom.xml`, import.meta.url);

function folderOf(name: JarSet): string {
  const digest = createHash('sha256')
    .update(readFileSync(pomOf(name)))
    .digest('hex')
    .slice(0, 12);
  return fileURLToPath(new URL(`../../../.cache/${name}-${digest}`, import.meta.url));
}

export const haveJars = (name: JarSet): boolean => existsSync(folderOf(name));

/** Folder of the jars. Throws when they have not been fetched. */
export function jarsOf(name: JarSet): string {
  const dir = folderOf(name);
  if (!existsSync(dir))
    throw new Error(`the ${name} jars are not in ${dir}: run \`npm start\` or \`npm test\` once, they fetch them`);
  return dir;
}

/**
 * Fetches the jars by Maven where they are missing. A half-fetched folder is never seen, and whoever comes second to the end keeps the first one's.
 * Rejects with one line for people.
 */
export async function fetchJars(name: JarSet, signal?: AbortSignal): Promise<void> {
  const folder = folderOf(name);
  if (existsSync(folder)) return;
  const partial = `${folder}.${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  try {
    await copyDependencies(name, partial, signal);
    if (!existsSync(folder)) renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

function copyDependencies(name: JarSet, into: string, signal: AbortSignal | undefined): Promise<void> {
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${into}`];
  const { command, args } = diesWithParent('mvn', ['-B', '-f', fileURLToPath(pomOf(name)), ...goal]);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('ERROR')) errors = (errors + text).slice(0, 4_000);
    });
    const end = () => void child.kill('SIGTERM');
    signal?.addEventListener('abort', end, { once: true });
    child.once('error', () => reject(new Error('Maven is needed and `mvn` was not found: install it, e.g. `apt install maven`')));
    child.once('close', (code) => {
      signal?.removeEventListener('abort', end);
      if (code === 0) resolve();
      else reject(signal?.aborted ? signal.reason : new Error(whyMavenFailed(errors, code)));
    });
  });
}

/** Maven's first error, in one line. */
function whyMavenFailed(output: string, code: number | null): string {
  if (code === 127) return 'Maven is needed and `mvn` was not found: install it, e.g. `apt install maven`';
  const first = output.split('\n').find((line) => line.includes('ERROR'));
  return `Maven ended with ${code}: ${first?.replace(/^.*?ERROR\]?\s*/, '').slice(0, 300) ?? 'it gave no reason'}`;
}
