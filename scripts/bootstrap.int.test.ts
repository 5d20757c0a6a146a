/** The door of every npm script: says in one line what is missing, and starts nothing then. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const base = mkdtempSync(join(tmpdir(), 'clinstream-bootstrap-'));
after(() => rmSync(base, { recursive: true, force: true }));

/** A clone without anything fetched, and a PATH with only these programs on it. */
function run(args: readonly string[], programs: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
  const clone = mkdtempSync(join(base, 'clone-'));
  const bin = join(clone, 'bin');
  mkdirSync(join(clone, 'infra/local'), { recursive: true });
  mkdirSync(bin);
  cpSync(join(root, 'scripts/bootstrap.mjs'), join(clone, 'scripts/bootstrap.mjs'));
  cpSync(join(root, 'infra/local/kafka'), join(clone, 'infra/local/kafka'), { recursive: true });
  writeFileSync(join(clone, 'package-lock.json'), '{"packages":{"node_modules/left":{"version":"1.0.0"}}}');
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(clone, 'scripts/bootstrap.mjs'), ...args], {
    env: { PATH: bin, ...env },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const java17 = 'echo \'openjdk version "17.0.15" 2025-04-15\' >&2';
const maven = 'exit 0';

test('names each missing prerequisite in a line of its own, with what to install', () => {
  const { status, stderr } = run(['start'], {});
  assert.equal(status, 2);
  const lines = stderr.trimEnd().split('\n');
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? '', /^Java 17 or newer is needed and `java` was not found: install /);
  assert.match(lines[1] ?? '', /^Maven is needed .* install it/);
});

test('an old Java is told apart from none', () => {
  assert.match(run(['test'], { java: 'echo \'java version "1.8.0_401"\' >&2', mvn: maven }).stderr, /`java` is 8/);
});

test('somebody else’s Kafka needs neither Java nor Maven', () => {
  const { stderr } = run(['start'], { npm: 'echo registry away; exit 1' }, { KAFKA_BROKERS: 'elsewhere:9092' });
  assert.doesNotMatch(stderr, /Java|Maven/);
});

test('a failing npm is told in its own words', () => {
  const { status, stderr } = run(['gen'], { npm: 'echo registry away; exit 1' });
  assert.equal(status, 1);
  assert.match(stderr, /fetching npm packages \(first run\)/);
  assert.match(stderr, /registry away/);
});

test('a failing Maven is told, and leaves no half of a download behind', () => {
  const { status, stderr } = run(['start'], {
    java: java17,
    mvn: 'if [ "$1" = -v ]; then exit 0; fi; echo "[ERROR] no route"; exit 1',
    npm: 'exit 0',
  });
  assert.equal(status, 1);
  assert.match(stderr, /\[ERROR\] no route/);
});

test('without a command it lists them; an unknown one is an error', () => {
  assert.match(run([], {}).stdout, /npm start .*\n.*npm test/);
  assert.equal(run([], {}).status, 0);
  assert.equal(run(['strat'], {}).status, 2);
});
