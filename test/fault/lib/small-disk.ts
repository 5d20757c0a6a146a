/** A small disk of its own under a server's folder, to be filled and freed. Linux and root only. */
import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Rig } from './rig.ts';

export type SmallDisk = { fill(): void; free(): void };

/** Why there can be none here; null when there can. */
export const smallDiskHindrance = (): string | null =>
  process.getuid?.() === 0 && process.platform === 'linux' ? null : 'needs root, to mount a small disk';

/** Moves the folder onto a disk of that size, owners and holes kept; its server must be down. Unmounted with the rig. */
export function ontoSmallDisk(rig: Rig, folder: string, megabytes: number): SmallDisk {
  const aside = `${folder}-aside`;
  execFileSync('cp', ['-a', '--sparse=always', folder, aside]);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  rig.onStopped(() => execFileSync('umount', [folder]));
  execFileSync('cp', ['-a', '--sparse=always', `${aside}/.`, folder]);
  rmSync(aside, { recursive: true, force: true });
  const filler = join(folder, 'filler');
  return {
    fill: () => void spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k'], { stdio: 'ignore' }),
    free: () => rmSync(filler),
  };
}
