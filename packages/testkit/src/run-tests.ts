/** Runs test files of one kind with node:test, each in a process of its own, shows them as they come, and counts. */
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { repositoryRoot } from '@clinstream/local';
import type { Kind } from './find-tests.ts';

export type TestName = { readonly file: string; readonly name: string };
export type KindReport = {
  readonly kind: Kind;
  readonly files: number;
  readonly passed: number;
  readonly failed: readonly TestName[];
  /** Skipped and todo. */
  readonly skipped: readonly (TestName & { readonly why: string })[];
  readonly seconds: number;
};

/** Files at once: integration tests wait more than they work, end-to-end tests start whole systems. */
const concurrency: Readonly<Record<Kind, number>> = { unit: 2, int: 2, e2e: 1, fault: 1 };
/** Of one file. Nothing here takes that long unless it hangs. */
const timeoutMs: Readonly<Record<Kind, number>> = { unit: 120_000, int: 300_000, e2e: 600_000, fault: 600_000 };

type Event = {
  readonly name: string;
  readonly file?: string | undefined;
  readonly skip?: string | boolean | undefined;
  readonly todo?: string | boolean | undefined;
  readonly details: { readonly type?: string | undefined };
};

export async function runTests(
  kind: Kind,
  files: readonly string[],
  output: NodeJS.WritableStream = process.stdout,
): Promise<KindReport> {
  const began = performance.now();
  const failed: TestName[] = [];
  const skipped: (TestName & { why: string })[] = [];
  let passed = 0;
  const nameOf = ({ name, file }: Event): TestName => ({ name, file: file ? relative(repositoryRoot, file) : '' });
  const stream = run({
    files: files.map((file) => join(repositoryRoot, file)),
    concurrency: concurrency[kind],
    timeout: timeoutMs[kind],
    cwd: repositoryRoot,
    execArgv: ['--import', new URL('property-seed.ts', import.meta.url).href],
  });
  stream.on('test:pass', (event: Event) => {
    const why = event.skip || event.todo;
    if (why) skipped.push({ ...nameOf(event), why: typeof why === 'string' ? why : '' });
    else if (event.details.type !== 'suite') passed += 1;
  });
  stream.on('test:fail', (event: Event) => {
    if (event.todo) skipped.push({ ...nameOf(event), why: 'todo' });
    else if (event.details.type !== 'suite') failed.push(nameOf(event));
  });
  const report = stream.compose(spec);
  report.pipe(output, { end: false });
  await new Promise((resolve, reject) => report.once('end', resolve).once('error', reject));
  return { kind, files: files.length, passed, failed, skipped, seconds: Math.round((performance.now() - began) / 1000) };
}
