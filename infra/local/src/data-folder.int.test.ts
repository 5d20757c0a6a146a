import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openDataFolder } from './data-folder.ts';

const base = mkdtempSync(join(tmpdir(), 'clinstream-folder-'));
after(() => rmSync(base, { recursive: true, force: true }));

test('a lock is kept until it is released', () => {
  const dir = join(base, 'kept');
  const folder = openDataFolder(dir, { fresh: false });
  assert.equal(readFileSync(join(dir, 'lock'), 'utf8').trim(), String(process.pid));
  folder.release();
  assert.equal(existsSync(join(dir, 'lock')), false);
});

test('a living owner is respected, a dead one is not', async () => {
  const dir = join(base, 'owned');
  openDataFolder(dir, { fresh: false }).release();
  const owner = spawn('sleep', ['60']);
  writeFileSync(join(dir, 'lock'), `${owner.pid}\n`);
  assert.throws(() => openDataFolder(dir, { fresh: true }), new RegExp(`process ${owner.pid}`));
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  openDataFolder(dir, { fresh: false }).release();
});

test('fresh wipes what is ours, and nothing that is not', () => {
  const ours = join(base, 'ours');
  openDataFolder(ours, { fresh: false }).release();
  writeFileSync(join(ours, 'old'), '');
  openDataFolder(ours, { fresh: false }).release();
  assert.equal(existsSync(join(ours, 'old')), true);
  openDataFolder(ours, { fresh: true }).release();
  assert.equal(existsSync(join(ours, 'old')), false);

  const foreign = mkdtempSync(join(base, 'foreign-'));
  writeFileSync(join(foreign, 'thesis'), '');
  assert.throws(() => openDataFolder(foreign, { fresh: true }), /holds other things/);
  assert.equal(existsSync(join(foreign, 'thesis')), true);
});
