/**
 * The door of every npm script: makes sure that what the command needs is there, then hands over to TypeScript on the pinned Node 24.
 *
 * Runs on Node 20 with no dependency at all, because on a fresh clone there is none. Fetches only into this folder (node_modules/, .cache/).
 * What a person must install is said in one line each, and nothing is started then (exit 2).
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const platformKey = { os: process.platform, cpu: process.arch };

/** Generators in the order they run; each understands `--check`. */
const generators = [
  'schemas/scripts/gen.ts',
  'schemas/scripts/gen-asyncapi.ts',
  'packages/runtime/scripts/gen-docs.ts',
  'scripts/gen-openapi.ts',
];

const commands = {
  start: {
    usage: 'npm start [-- OPTIONS]',
    meaning: 'the whole system on this machine, with the sample day played through it',
    needs: ['packages', 'kafka'],
    run: (args) => runTypeScript('infra/local/src/start-cli.ts', args),
  },
  test: {
    usage: 'npm test [-- unit|int|e2e|fault] [FILES]',
    meaning: 'tests against the real Kafka, registry and Postgres',
    needs: ['packages', 'kafka'],
    run: (args) => runTypeScript('packages/testkit/src/run-tests-cli.ts', args),
  },
  fault: {
    usage: 'npm run test:fault [-- OPTIONS]',
    meaning: 'breaks the system in every way it knows while a ledger watches',
    needs: ['packages', 'kafka'],
    run: (args) => runTypeScript('test/fault/run-faults-cli.ts', args),
  },
  mutations: {
    usage: 'npm run test:mutations',
    meaning: 'plants known bugs one at a time and names the test that catches each',
    needs: ['packages', 'kafka'],
    run: (args) => runTypeScript('test/mutations/run-mutations-cli.ts', args),
  },
  bench: {
    usage: 'npm run bench -- NAME [--json]',
    meaning: 'one benchmark; without a name, the list',
    needs: ['packages', 'kafka'],
    run: (args) => runTypeScript('test/bench/run.ts', args),
  },
  token: {
    usage: 'npm run token -- --role doctor [--client ID]',
    meaning: 'prints a token for the local stack',
    needs: ['packages'],
    run: (args) => runTypeScript('infra/local/src/keys-cli.ts', ['token', ...args]),
  },
  'dead-letters': {
    usage: 'npm run dead-letters -- list|replay [OPTIONS]',
    meaning: 'shows what was parked, and sends it back',
    needs: ['packages'],
    run: (args) => runTypeScript('infra/local/src/dead-letters-cli.ts', args),
  },
  gen: {
    usage: 'npm run gen [-- --check]',
    meaning: 'writes what is generated from code; --check only compares',
    needs: ['packages'],
    run: runGenerators,
  },
};

await main(process.argv.slice(2));

async function main([name, ...args]) {
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined;
  if (command === undefined) {
    printHelp();
    process.exitCode = name === undefined || name === '--help' ? 0 : 2;
    return;
  }
  const problems = missingPrerequisites(command.needs);
  if (problems.length > 0) {
    for (const problem of problems) console.error(problem);
    process.exitCode = 2;
    return;
  }
  try {
    if (command.needs.includes('packages')) await ensurePackages();
    if (command.needs.includes('kafka') && needsEmbeddedKafka()) await ensureKafka();
    process.exitCode = await command.run(args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

function printHelp() {
  console.log('Clinstream. Commands:\n');
  for (const { usage, meaning } of Object.values(commands)) console.log(`  ${usage.padEnd(46)} ${meaning}`);
  console.log('\nEach understands --help, as in `npm start -- --help`.');
}

// ---- what a person must have installed

function missingPrerequisites(needs) {
  const problems = [];
  if (major(process.versions.node) < 20) {
    problems.push(`Node.js 20 or newer is needed, this is ${process.versions.node}: install it from https://nodejs.org`);
  }
  if (!needs.includes('kafka') || !needsEmbeddedKafka()) return problems;
  const java = javaMajor();
  if (java === null)
    problems.push('Java 17 or newer is needed and `java` was not found: install a JDK, e.g. `apt install default-jdk-headless`');
  else if (java < 17)
    problems.push(`Java 17 or newer is needed, \`java\` is ${java}: install a JRE, e.g. \`apt install openjdk-17-jre-headless\``);
  const haveJars = existsSync(kafkaFolder());
  if (!haveJars && spawnSync('mvn', ['-v'], { stdio: 'ignore' }).status !== 0) {
    problems.push('Maven is needed to fetch Apache Kafka and `mvn` was not found: install it, e.g. `apt install maven`');
  }
  return problems;
}

/** Somebody else's Kafka needs no Java here. */
function needsEmbeddedKafka() {
  return !process.env.KAFKA_BROKERS;
}

/** Null when there is no java. `1.8.0` is 8. */
function javaMajor() {
  const { status, stderr, stdout } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const version = status === 0 ? /version "(?:1\.)?(\d+)/.exec(stderr + stdout) : null;
  return version ? Number(version[1]) : null;
}

function major(version) {
  return Number.parseInt(version, 10);
}

// ---- npm packages, the pinned Node among them

async function ensurePackages() {
  const reason = whyPackagesAreStale();
  if (reason === null) return;
  const step = progress(`npm packages (${reason})`);
  const npm = process.env.npm_execpath?.endsWith('.js')
    ? [process.env.npm_node_execpath ?? process.execPath, process.env.npm_execpath]
    : ['npm'];
  const [program, ...first] = npm;
  // Not `npm ci`: the lock file may lack other platforms' optional packages, which ci refuses as a mismatch. `--no-save` keeps to its versions.
  const args = ['install', '--no-save', '--no-fund', '--no-audit', '--loglevel=error'];
  const result = await collect(program, [...first, ...args], step.tick);
  if (result.code !== 0) throw new Error(`npm install failed:\n${result.output}`);
  step.done();
}

/** Null when node_modules holds what package-lock.json asks for; npm keeps the list of what it installed in node_modules/.package-lock.json. */
function whyPackagesAreStale() {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages ?? {};
  const installed = readJson(join(root, 'node_modules/.package-lock.json'))?.packages;
  if (installed === undefined) return 'first run';
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.includes('node_modules/') || entry.link || isForAnotherPlatform(entry)) continue;
    const have = installed[path];
    if (have === undefined ? !entry.optional || isForThisPlatform(entry) : have.version !== entry.version)
      return `${path.split('node_modules/').pop()} changed`;
  }
  return null;
}

function isForAnotherPlatform(entry) {
  return Object.entries(platformKey).some(([key, value]) => entry[key] && !entry[key].includes(value));
}

function isForThisPlatform(entry) {
  return Boolean(entry.os && entry.cpu) && !entry.libc;
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

// ---- Kafka's jars

/** Named by a digest of the pom; infra/local/src/jars.ts computes the same. */
function kafkaFolder() {
  const pom = readFileSync(join(root, 'infra/local/kafka/pom.xml'));
  return join(root, '.cache', `kafka-${createHash('sha256').update(pom).digest('hex').slice(0, 12)}`);
}

async function ensureKafka() {
  const folder = kafkaFolder();
  if (existsSync(folder)) return;
  const step = progress('Apache Kafka (54 MB by Maven)');
  const partial = `${folder}.${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const pom = join(root, 'infra/local/kafka/pom.xml');
  const args = ['-B', '-f', pom, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${partial}`];
  const result = await collect('mvn', args, step.tick);
  if (result.code !== 0) {
    rmSync(partial, { recursive: true, force: true });
    throw new Error(
      `Maven could not fetch Apache Kafka:\n${result.output
        .split('\n')
        .filter((line) => line.includes('ERROR'))
        .slice(0, 5)
        .join('\n')}`,
    );
  }
  // Whoever comes second finds it done.
  if (existsSync(folder)) rmSync(partial, { recursive: true, force: true });
  else renameSync(partial, folder);
  step.done();
}

// ---- running

/** `tick` is called for each chunk of output. */
function collect(program, args, tick) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk) => {
        output += chunk;
        tick();
      });
    }
    child.once('error', (error) => resolve({ code: 1, output: error.message }));
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** One line on stderr per step; a spinner where somebody watches. */
function progress(what) {
  const started = Date.now();
  const watched = process.stderr.isTTY;
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const write = () => watched && process.stderr.write(`\r  fetching ${what} … ${seconds()} s `);
  if (!watched) process.stderr.write(`  fetching ${what} …\n`);
  const timer = setInterval(write, 500);
  timer.unref();
  return {
    tick: write,
    done: () => {
      clearInterval(timer);
      process.stderr.write(`${watched ? '\r' : ''}  fetched ${what} in ${seconds()} s\n`);
    },
  };
}

function node24() {
  const pinned = join(root, 'node_modules/.bin/node');
  const found = [pinned, process.execPath].find((path) => {
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
    return major(stdout?.slice(1) ?? '0') >= 24;
  });
  if (!found)
    throw new Error(
      'Node 24 is needed and has no package for this platform: install it from https://nodejs.org and use it for npm',
    );
  return found;
}

/** Resolves with the exit code. The child notices by its IPC channel when this process is gone. */
function runTypeScript(entry, args) {
  return new Promise((resolve) => {
    const child = spawn(node24(), [join(root, entry), ...args], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
    // In a terminal the child gets the signal as well; it takes two within a second for one.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.once('error', (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

async function runGenerators(args) {
  let worst = 0;
  for (const entry of generators) {
    const code = await runTypeScript(entry, args);
    worst = Math.max(worst, code);
  }
  return worst;
}
