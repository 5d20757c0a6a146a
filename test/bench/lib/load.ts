/** Runs a load program in a process of its own and gives its account. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { diesWithParent } from '@clinstream/local';

export type Load = { readonly perSecond: number; readonly refused: number; readonly p50: number; readonly p99: number };

export function startProgram(file: string, env: Readonly<Record<string, string>>): ChildProcess {
  const line = diesWithParent(process.execPath, [fileURLToPath(new URL(`../${file}`, import.meta.url))]);
  return spawn(line.command, line.args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
}

export async function runLoad(file: string, env: Readonly<Record<string, string>>): Promise<Load> {
  const child = startProgram(file, env);
  let output = '';
  for await (const chunk of child.stdout ?? []) output += String(chunk);
  const said = JSON.parse(output.trim().split('\n').at(-1) ?? '') as { answers: number; seconds: number } & Omit<
    Load,
    'perSecond'
  >;
  if (said.answers === 0) throw new Error(`${file}: nothing was accepted, ${said.refused} refused`);
  return { perSecond: said.answers / said.seconds, refused: said.refused, p50: said.p50, p99: said.p99 };
}

/** Resolves once the program has said that it is ready. */
export function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`a bare program ended with ${code}`)));
  });
}
