/** On a real file system, in a folder of its own. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AppError } from '../errors/app-error.ts';
import { createFileBlobStore } from './index.ts';

const dir = mkdtempSync(join(tmpdir(), 'clinstream-blobs-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const store = createFileBlobStore(dir);
const filesUnder = (path: string) =>
  readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
const codeOf = (work: Promise<unknown>) =>
  work.then(String, (error: unknown) => (error instanceof AppError ? error.code : String(error)));

test('puts and gets; the same bytes are one file, also when put many times at once', async () => {
  const bytes = Buffer.from('MSH|^~\\&|');
  const refs = await Promise.all(Array.from({ length: 50 }, () => store.put(bytes)));
  assert.equal(new Set(refs).size, 1);
  assert.match(refs[0] ?? '', /^sha256:[0-9a-f]{64}$/);
  assert.equal(await store.put(bytes), refs[0]);
  assert.deepEqual(await store.get(refs[0] ?? ''), bytes);
  assert.equal(filesUnder(dir).length, 1);
});

test('many different blobs at once, empty one included, leave no drafts', async () => {
  const contents = Array.from({ length: 200 }, (_, i) => Buffer.from('x'.repeat(i)));
  const refs = await Promise.all(contents.map((content) => store.put(content)));
  for (const [i, ref] of refs.entries()) assert.deepEqual(await store.get(ref), contents[i]);
  assert.ok(filesUnder(dir).every((file) => !file.name.endsWith('.draft')));
});

test('a blob changed on disk is not handed out, and putting it again repairs it', async () => {
  const ref = await store.put(Buffer.from('original'));
  const digest = ref.slice('sha256:'.length);
  const path = join(dir, digest.slice(0, 3), digest);
  writeFileSync(path, 'tampered');
  assert.equal(await codeOf(store.get(ref)), 'BLOB_CORRUPT');
  await store.put(Buffer.from('original'));
  assert.equal(String(await store.get(ref)), 'original');
});

test('unknown and malformed references, also ones that would leave the folder', async () => {
  assert.equal(await codeOf(store.get(`sha256:${'0'.repeat(64)}`)), 'BLOB_NOT_FOUND');
  for (const ref of ['', '../etc/passwd', `sha256:../${'0'.repeat(61)}`, `sha256:${'G'.repeat(64)}`])
    assert.equal(await codeOf(store.get(ref)), 'BLOB_REF_INVALID');
});

test('a folder that cannot be used is a dependency that is away, and is used again once it can', async () => {
  const blocked = join(dir, 'blocked');
  writeFileSync(blocked, 'a file where the folder should be');
  const other = createFileBlobStore(blocked);
  assert.equal(await codeOf(other.put(Buffer.from('x'))), 'BLOB_STORE_UNAVAILABLE');
  rmSync(blocked);
  assert.match(await other.put(Buffer.from('x')), /^sha256:/);
});
