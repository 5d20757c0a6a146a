/**
 * The data folder of a local stack: one stack at a time, and nothing of ours is ever wiped that we did not make.
 *
 * Promise: while `release` was not called, a second stack on the folder is refused. The lock of a process that is gone is taken over.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isAlive, readPid } from './server-process.ts';

export type DataFolder = { readonly dir: string; release(): void };

const lockName = 'lock';
const markName = 'clinstream-data';

/** Throws when another stack uses it, or when it holds things that are not ours. */
export function openDataFolder(path: string, options: { readonly fresh: boolean }): DataFolder {
  const dir = resolve(path);
  const known = existsSync(dir) ? readdirSync(dir) : [];
  if (known.length > 0 && !known.includes(markName))
    throw new Error(`${dir} holds other things: choose an empty folder with --data`);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, markName), 'The data of a local Clinstream stack. `npm start -- --fresh` wipes this folder.\n');
  const lock = join(dir, lockName);
  takeLock(lock);
  if (options.fresh) {
    const keep = new Set([lockName, markName]);
    for (const name of readdirSync(dir)) if (!keep.has(name)) rmSync(join(dir, name), { recursive: true, force: true });
  }
  return { dir, release: () => rmSync(lock, { force: true }) };
}

function takeLock(lock: string): void {
  for (let tries = 0; tries < 3; tries += 1) {
    try {
      writeFileSync(lock, `${process.pid}\n`, { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = readPid(lock);
    if (owner !== null && owner !== process.pid && isAlive(owner)) {
      throw new Error(
        `another stack runs on this folder (process ${owner}): stop it, or use --port-offset and --data for a second one`,
      );
    }
    rmSync(lock, { force: true });
  }
  throw new Error(`could not take the lock ${lock}`);
}
