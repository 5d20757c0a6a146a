/**
 * `npm run test:mutations`: plants one bug at a time in a throwaway copy of the working tree and runs the tests that should notice. One line per
 * bug with the test that did. Exit 1 when a bug survives, cannot be planted any more, or its tests fail without it.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { parseArgs } from 'node:util';
import { repositoryRoot } from '@clinstream/local';
import { type Mutation, mutations } from './mutations.ts';

const help = `npm run test:mutations [-- OPTIONS]: plants known bugs, one at a time, and names the test that catches each.

  --only TEXT   bugs whose name contains it
  --list        the bugs
  --help
`;

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) console.log(help);
  if (values.list) for (const { name, file } of mutations) console.log(`${name}   (${file})`);
  if (values.help || values.list) return 0;
  const chosen = mutations.filter(({ name }) => name.includes(values.only));
  if (chosen.length === 0) {
    console.error('no bug is called that; --list names them');
    return 2;
  }
  const copy = copyTree();
  try {
    return await runAll(chosen, copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function runAll(chosen: readonly Mutation[], copy: string): Promise<number> {
  const sound = await failuresOf(copy, [...new Set(chosen.flatMap(({ tests }) => tests))]);
  if (sound.length > 0) {
    console.log(`FAILED: these tests fail without any bug: ${sound.join('; ')}`);
    return 1;
  }
  let survivors = 0;
  for (const mutation of chosen) {
    const caughtBy = await plant(mutation, copy);
    if (caughtBy === null) {
      survivors++;
      console.log(`NOT PLANTED ${mutation.name}: its text is not once in ${mutation.file}`);
      continue;
    }
    if (caughtBy.length === 0) survivors++;
    const [first, ...more] = caughtBy;
    console.log(
      `${first === undefined ? 'SURVIVED' : 'caught  '} ${mutation.name}${first === undefined ? '' : `\n           by ${first}${more.length > 0 ? ` and ${more.length} more` : ''}`}`,
    );
  }
  console.log(`${survivors === 0 ? 'ok' : 'FAILED'}: ${chosen.length} bugs, ${survivors} survived or could not be planted`);
  return survivors === 0 ? 0 : 1;
}

/** Names of the tests that failed with the bug in place; null when the code it was written for has changed. */
async function plant({ file, find, replace, tests }: Mutation, copy: string): Promise<readonly string[] | null> {
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(find).length !== 2) return null;
  writeFileSync(
    path,
    source.replace(find, () => replace),
  );
  try {
    return await failuresOf(copy, tests);
  } finally {
    writeFileSync(path, source);
  }
}

async function failuresOf(copy: string, tests: readonly string[]): Promise<readonly string[]> {
  const failed: string[] = [];
  const stream = run({ files: tests.map((file) => join(copy, file)), cwd: copy, concurrency: 1, timeout: 120_000 });
  stream.on('test:fail', ({ name, details }) => {
    if (details.type !== 'suite') failed.push(name.startsWith(copy) ? name.slice(copy.length + 1) : name);
  });
  for await (const _ of stream);
  return failed;
}

/** A copy of the sources whose packages are the copy's own, not the originals: every link of node_modules but those of our workspaces. */
function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), 'clinstream-mutations-'));
  const folders = ['schemas', 'packages', 'services', 'infra', 'models', 'samples', 'docs', 'test'];
  const isWanted = (path: string): boolean => !/\/(node_modules|\.git)$/.test(path);
  for (const name of folders) cpSync(join(repositoryRoot, name), join(copy, name), { recursive: true, filter: isWanted });
  for (const name of ['package.json', 'tsconfig.json']) cpSync(join(repositoryRoot, name), join(copy, name));
  symlinkSync(join(repositoryRoot, '.cache'), join(copy, '.cache'));
  const modules = join(copy, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(join(repositoryRoot, 'node_modules'))) {
    if (name !== '@clinstream') symlinkSync(join(repositoryRoot, 'node_modules', name), join(modules, name));
  }
  cpSync(join(repositoryRoot, 'node_modules/@clinstream'), join(modules, '@clinstream'), {
    recursive: true,
    verbatimSymlinks: true,
  });
  return copy;
}

process.exitCode = await main(process.argv.slice(2));
