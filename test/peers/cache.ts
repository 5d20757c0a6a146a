/** Folders under .cache for what the peers need. A folder's name holds a digest of the file that says what is in it, so a changed file fetches anew. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of `name` as `recipe` describes it; filled by `fill` when it is not there. Half-filled folders are never seen. */
export function cached(name: string, recipe: URL, fill: (dir: string) => void): string {
  const digest = createHash('sha256').update(readFileSync(recipe)).digest('hex').slice(0, 12);
  const dir = fileURLToPath(new URL(`../../.cache/${name}-${digest}`, import.meta.url));
  if (existsSync(dir)) return dir;
  const half = `${dir}.${process.pid}.tmp`;
  mkdirSync(half, { recursive: true });
  try {
    fill(half);
    if (!existsSync(dir)) renameSync(half, dir);
  } finally {
    rmSync(half, { recursive: true, force: true });
  }
  return dir;
}
