/** The Python that has requirements.txt installed, in a venv under .cache. Absent Python is a reason to skip, never to fail silently. */
import { execFileSync } from 'node:child_process';
import { cached } from './cache.ts';

export type Peer = { readonly command: string; readonly missing: null } | { readonly command: null; readonly missing: string };

const requirements = new URL('requirements.txt', import.meta.url);

/** Makes the venv the first time, which takes a minute and needs the package index. */
export function pythonPeer(): Peer {
  try {
    execFileSync('python3', ['-c', 'import venv, ensurepip'], { stdio: 'ignore' });
  } catch {
    return { command: null, missing: 'python3 with venv is not installed' };
  }
  try {
    return { command: `${cached('python-peers', requirements, makeVenv)}/bin/python`, missing: null };
  } catch (error) {
    return { command: null, missing: `the Python peers of test/peers/requirements.txt could not be installed: ${error}` };
  }
}

/** A venv's own scripts hold its first path; `python -m` and imports do not, and only they are used. */
function makeVenv(dir: string): void {
  execFileSync('python3', ['-m', 'venv', dir], { stdio: ['ignore', 'inherit', 'inherit'] });
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements.pathname];
  execFileSync(`${dir}/bin/python`, install, { stdio: ['ignore', 'inherit', 'inherit'] });
}

/** A program on the PATH, such as kcat. */
export function installedPeer(command: string, args: readonly string[]): Peer {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return { command, missing: null };
  } catch {
    return { command: null, missing: `${command} is not installed` };
  }
}
