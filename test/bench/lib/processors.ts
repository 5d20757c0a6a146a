/** Which processor a process may use. Linux, by `taskset` of util-linux. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Whether processes can be kept apart on this machine. */
export function canPin(): boolean {
  try {
    execFileSync('taskset', ['-p', String(process.pid)], { stdio: 'ignore' });
    return availableParallelism() > 1;
  } catch {
    return false;
  }
}

/** The processes with all threads and descendants they have now; those to come inherit it. `processors`: a list as `taskset -c` takes it, `1` or `0-3`. */
export function pin(pids: readonly number[], processors: string): void {
  for (const pid of pids.flatMap(familyOf)) {
    try {
      execFileSync('taskset', ['-acp', processors, String(pid)], { stdio: 'ignore' });
    } catch {
      // It has ended since.
    }
  }
}

function familyOf(pid: number): readonly number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return [pid, ...(children === '' ? [] : children.split(' ').map(Number).flatMap(familyOf))];
  } catch {
    return [pid];
  }
}
