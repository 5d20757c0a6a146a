/** The golden bytes as an Avro library nobody here wrote sees them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pythonPeer } from '../../test/peers/python.ts';
import { goldenOf, historyOf, recordNames, root } from '../scripts/frozen.ts';

const python = pythonPeer();

test('fastavro reads every golden sample and writes the same bytes', { skip: python.missing ?? false }, () => {
  const script = fileURLToPath(new URL('../../test/peers/golden.py', import.meta.url));
  const count = Number(execFileSync(python.command ?? '', [script, fileURLToPath(root)], { encoding: 'utf8' }));
  const samples = recordNames().flatMap((name) => historyOf(name).flatMap(({ version }) => goldenOf(name, version)));
  assert.equal(count, samples.length);
});
