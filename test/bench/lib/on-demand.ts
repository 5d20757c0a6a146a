/**
 * Other people's programs that a benchmark compares with or draws with. They are no part of the project: installed under `.cache/bench` when
 * first asked for, at the versions written in `test/bench/peers`, and again only when those change.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { repositoryRoot } from '@clinstream/local';

const cache = join(repositoryRoot, '.cache/bench');
const wanted = fileURLToPath(new URL('../peers', import.meta.url));

/** The folder whose node_modules holds the npm packages. */
export function ensureNodePackages(say: (line: string) => void): string {
  const folder = join(cache, 'npm');
  installWhenChanged(join(wanted, 'package.json'), join(folder, 'installed.json'), () => {
    say('installing the npm packages of the benchmarks (once)');
    copyFileSync(join(wanted, 'package.json'), join(folder, 'package.json'));
    command('npm', ['install', '--no-fund', '--no-audit', '--no-package-lock', '--loglevel=error'], folder);
  });
  return folder;
}

/** The folder with `python` and `celery`. */
export function ensurePythonPackages(say: (line: string) => void): string {
  const folder = join(cache, 'venv');
  installWhenChanged(join(wanted, 'requirements.txt'), join(folder, 'installed.txt'), () => {
    say('installing Celery into a virtual environment (once)');
    command('python3', ['-m', 'venv', folder], cache);
    command(join(folder, 'bin/pip'), ['install', '--quiet', '--requirement', join(wanted, 'requirements.txt')], cache);
  });
  return join(folder, 'bin');
}

/** In words, for the page. */
export function peerVersions(redis: string): string {
  const { dependencies } = JSON.parse(readFileSync(join(wanted, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const celery = /^celery==(.+)$/m.exec(readFileSync(join(wanted, 'requirements.txt'), 'utf8'))?.[1];
  const ofNode = ['bullmq', 'graphile-worker', 'pg-boss'].map((name) => `${name} ${dependencies[name]}`);
  return [`Celery ${celery}`, ...ofNode, `Redis ${redis}`].join(', ');
}

function installWhenChanged(list: string, stamp: string, install: () => void): void {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(list, 'utf8')) return;
  mkdirSync(join(stamp, '..'), { recursive: true });
  install();
  copyFileSync(list, stamp);
}

function command(program: string, args: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  if (error !== undefined) throw new Error(`${program} is needed for this benchmark and could not be started: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${args[0]} failed:\n${stderr}`);
}
