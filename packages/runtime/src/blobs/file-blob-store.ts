/**
 * Blobs as files `<dir>/abc/<digest>`, 4096 folders so that none grows large.
 * A put writes a file of its own, syncs it, renames it onto its name and syncs the folder: after a power cut a name has all its bytes or is
 * not there. The syncs of folders are shared between puts under way. Two processes may use one folder: they write the same bytes.
 */
import { hash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../errors/app-error.ts';
import type { BlobErrorCode } from './errors.ts';
import { createGroupSync, type GroupSync } from './group-sync.ts';
import type { BlobRef, BlobStore } from './types.ts';

const refShape = /^sha256:([0-9a-f]{64})$/;

export function createFileBlobStore(dir: string): BlobStore {
  const folders: Folders = { sync: createGroupSync(syncFolders), durable: new Set() };
  const underWay = new Map<string, Promise<void>>();

  async function put(bytes: Uint8Array): Promise<BlobRef> {
    const digest = hash('sha256', bytes, 'hex');
    const path = pathOf(dir, digest);
    // The same bytes at the same time are written once; everyone waits for that one.
    const writing = underWay.get(digest) ?? store(path, digest, bytes, folders).finally(() => underWay.delete(digest));
    underWay.set(digest, writing);
    await writing.catch((cause: unknown) => {
      throw unavailable(cause);
    });
    return `sha256:${digest}`;
  }

  async function get(ref: BlobRef): Promise<Buffer> {
    const digest = refShape.exec(ref)?.[1];
    if (digest === undefined) throw poison('BLOB_REF_INVALID', 'this is no blob reference: sha256:<64 hex digits> is');
    const bytes = await readFile(pathOf(dir, digest)).catch((cause: NodeJS.ErrnoException) => {
      throw cause.code === 'ENOENT' ? poison('BLOB_NOT_FOUND', `no blob ${ref} is kept here`) : unavailable(cause);
    });
    if (hash('sha256', bytes, 'hex') !== digest) throw poison('BLOB_CORRUPT', `the bytes kept as ${ref} are not what was put`);
    return bytes;
  }

  return { put, get };
}

const pathOf = (dir: string, digest: string): string => join(dir, digest.slice(0, 3), digest);

type Folders = {
  readonly sync: GroupSync<string>;
  /** Those whose own name this process knows to be on disk. */
  readonly durable: Set<string>;
};

async function store(path: string, digest: string, bytes: Uint8Array, folders: Folders): Promise<void> {
  const folder = dirname(path);
  if (!(await isKept(path, digest))) await replace(path, folder, bytes);
  // Also when it was there already: its writer may have died between rename and sync.
  await folders.sync.add(folder);
  if (folders.durable.has(folder)) return;
  const above = dirname(folder);
  await Promise.all([folders.sync.add(above), folders.sync.add(dirname(above))]);
  folders.durable.add(folder);
}

/** Read back in full: what is put must be had again, and the same bytes are rarely put twice. */
async function isKept(path: string, digest: string): Promise<boolean> {
  return await readFile(path).then(
    (found) => hash('sha256', found, 'hex') === digest,
    () => false,
  );
}

async function replace(path: string, folder: string, bytes: Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true });
  const draft = `${path}.${randomUUID()}.draft`;
  try {
    await writeDurably(draft, bytes);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw error;
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o640);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function syncFolders(paths: readonly string[]): Promise<void> {
  await Promise.all(
    [...new Set(paths)].map(async (path) => {
      const folder = await open(path, 'r');
      await folder.sync().finally(() => folder.close());
    }),
  );
}

const poison = (code: BlobErrorCode, message: string): AppError =>
  new AppError({ code, kind: 'poison', stage: 'process', message });
const away = (code: BlobErrorCode, message: string, cause: unknown): AppError =>
  new AppError({ code, kind: 'retryable', scope: 'dependency', stage: 'process', message, cause });

function unavailable(cause: unknown): AppError {
  if (['ENOSPC', 'EDQUOT'].includes((cause as NodeJS.ErrnoException).code ?? ''))
    return away('BLOB_STORE_FULL', 'no room left in BLOB_DIR; free some', cause);
  return away('BLOB_STORE_UNAVAILABLE', 'BLOB_DIR cannot be used; does it exist and may we write to it?', cause);
}
