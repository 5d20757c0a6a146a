/** CPU seconds and peak memory of a process and all its descendants, from /proc (Linux). Reads only. */
import { readdirSync, readFileSync } from 'node:fs';

/** Kernel clock ticks per second; 100 on every Linux this runs on. */
const ticksPerSecond = 100;

export type Usage = { readonly cpuSeconds: number; readonly rssMb: number };

/** Sum of user and system time, and of resident memory, of the process tree under `pid`. */
export function usageOf(pid: number): Usage {
  let cpuSeconds = 0;
  let rssMb = 0;
  for (const member of treeOf(pid)) {
    const stat = read(`/proc/${member}/stat`);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    cpuSeconds += (Number(fields[11]) + Number(fields[12])) / ticksPerSecond || 0;
    rssMb += Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${member}/status`))?.[1] ?? 0) / 1024;
  }
  return { cpuSeconds, rssMb };
}

function treeOf(root: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? read(`/proc/${name}/stat`) : '';
    if (stat === '') continue;
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [root];
  for (let i = 0; i < tree.length; i++) tree.push(...(children.get(tree[i] ?? 0) ?? []));
  return tree;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
