/**
 * `npm run test:fault`: every single fault of faults.ts once, one line each with its ledger and recovery time. `--soak` draws from them, and
 * from pairs of them, at random for a while; its seed, printed, repeats the same draw. Exit 0 only when there were faults, every ledger is
 * clean and every recovery in time.
 */
import { parseArgs } from 'node:util';
import { createRandom, formatVerdict, isClean, readCases } from '@clinstream/testkit/oracle/index';
import { faults } from './faults.ts';
import type { Fault, FaultResult } from './lib/fault.ts';
import { type Rig, type RigKind, startRig } from './lib/rig.ts';
import { freshWithinMs, runFault } from './lib/run-fault.ts';

const help = `npm run test:fault [-- OPTIONS]: breaks the system in every way it knows while a ledger watches.

  --only NAME[,NAME]   these faults, or those whose names begin so
  --list               names and what they do
  --soak 30m           random faults of all for that long (s, m or h)
  --seed N             repeats the draw and the moments of a run; printed by every run
  --rate N             jobs and results per second, default 60
  --help
`;

type Options = { readonly seed: number; readonly rate: number };
/** With the seed that repeats this fault alone. */
type Run = FaultResult & { readonly seed: number };

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      list: { type: 'boolean', default: false },
      soak: { type: 'string' },
      seed: { type: 'string' },
      rate: { type: 'string', default: '60' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return say(help);
  if (values.list) return say(faults.map(({ name, about }) => `${name.padEnd(28)} ${about}`).join('\n'));
  const chosen = choose(values.only);
  if (chosen.length === 0) {
    console.error(`no fault is called ${values.only}; --list names them`);
    return 2;
  }
  const options = { seed: Number(values.seed ?? Math.floor(Math.random() * 1e6)), rate: Number(values.rate) };
  console.log(`seed ${options.seed}, ${options.rate} a second`);
  const results = values.soak
    ? await soak(chosen, durationMs(values.soak), options)
    : await runAll(values.only === undefined ? chosen.filter(({ isPair }) => !isPair) : chosen, options);
  return summarise(results, options);
}

function say(text: string): number {
  console.log(text);
  return 0;
}

const choose = (only: string | undefined): readonly Fault[] => {
  if (only === undefined) return faults;
  return only.split(',').flatMap((name) => {
    const exact = faults.filter((fault) => fault.name === name);
    return exact.length > 0 ? exact : faults.filter((fault) => fault.name.startsWith(name));
  });
};

export function durationMs(text: string): number {
  const [, count = '', unit = ''] = /^(\d+)([smh])$/.exec(text) ?? [];
  if (unit === '') throw new Error(`--soak ${text}: a number and s, m or h, as in 30m`);
  return Number(count) * { s: 1_000, m: 60_000, h: 3_600_000 }[unit as 's' | 'm' | 'h'];
}

/** Rigs in turn, each started once for all faults that need it, and anew after one that spoils it. */
async function runAll(chosen: readonly Fault[], options: Options): Promise<readonly Run[]> {
  const results: Run[] = [];
  for (const kind of ['one', 'three', 'proxied', 'hospital'] as const) {
    const own = chosen.filter(({ rig }) => rig === kind).sort((a, b) => Number(a.spoils ?? false) - Number(b.spoils ?? false));
    const bench = createBench(kind, options);
    try {
      for (const [index, fault] of own.entries()) results.push(await bench.run(fault, options.seed + index));
    } finally {
      await bench.close();
    }
  }
  return results;
}

async function soak(chosen: readonly Fault[], forMs: number, options: Options): Promise<readonly Run[]> {
  const random = createRandom(options.seed);
  const until = performance.now() + forMs;
  const results: Run[] = [];
  let bench = createBench('one', options);
  try {
    for (let turn = 1; performance.now() < until; turn++) {
      const fault = random.pick(chosen.filter(({ alone }) => !alone));
      if (fault.rig !== bench.kind) {
        await bench.close();
        bench = createBench(fault.rig, options);
      }
      results.push(await bench.run(fault, options.seed * 1000 + turn));
    }
  } finally {
    await bench.close();
  }
  return results;
}

type Bench = { readonly kind: RigKind; run(fault: Fault, seed: number): Promise<Run>; close(): Promise<void> };

function createBench(kind: RigKind, { rate }: Options): Bench {
  const cases = readCases();
  let rig: Rig | null = null;
  let foreign = new Set<string>();
  let runs = 0;
  const close = async (): Promise<void> => {
    await rig?.stop();
    rig = null;
    foreign = new Set();
  };
  return {
    kind,
    close,
    async run(fault, seed) {
      const hindrance = fault.hindrance?.() ?? null;
      if (hindrance !== null) return { ...skipped(fault, hindrance), seed };
      rig ??= await startRig(kind);
      const result = await runFault({ rig, fault, seed, rate, cases, foreign, run: `r${++runs}` }).catch((error: Error) =>
        failedRun(fault, error),
      );
      printResult(result);
      if (fault.spoils || result.verdict === null || result.problems.length > 0) await close();
      return { ...result, seed };
    },
  };
}

function skipped({ name }: Fault, why: string): FaultResult {
  console.log(`skip ${name.padEnd(26)} ${why}`);
  return { name, verdict: null, recoveryMs: null, problems: [], notes: [why], seconds: 0 };
}

const failedRun = ({ name }: Fault, error: Error): FaultResult => ({
  name,
  verdict: null,
  recoveryMs: null,
  problems: [`could not be run: ${error.stack ?? error.message}`],
  notes: [],
  seconds: 0,
});

export const isGood = ({ problems }: FaultResult): boolean => problems.length === 0;

export function printResult(result: FaultResult): void {
  const { name, verdict, recoveryMs, problems, notes, seconds } = result;
  const recovery = recoveryMs === null ? '' : ` · fresh after ${(recoveryMs / 1000).toFixed(1)} s`;
  const ledger = verdict === null ? '' : `${formatVerdict(verdict)}${recovery} · `;
  console.log(`${isGood(result) ? 'ok  ' : 'FAIL'} ${name.padEnd(26)} ${ledger}${[...notes, `${seconds} s`].join(' · ')}`);
  for (const problem of problems) console.log(`       ${problem}`);
}

function summarise(results: readonly Run[], options: Options): number {
  const bad = results.filter((result) => !isGood(result));
  const isWell = results.length > 0 && bad.length === 0;
  const dirty = results.filter(({ verdict }) => verdict !== null && !isClean(verdict)).length;
  const slowest = Math.max(0, ...results.map(({ recoveryMs }) => recoveryMs ?? 0));
  console.log(
    `${isWell ? 'ok' : 'FAILED'}: ${results.length} faults, ${bad.length} failed, ${dirty} ledgers with findings, slowest recovery ` +
      `${(slowest / 1000).toFixed(1)} s of ${freshWithinMs / 1000} s · seed ${options.seed}`,
  );
  for (const { name, seed } of bad) console.log(`failed: ${name}   (npm run test:fault -- --only ${name} --seed ${seed})`);
  return isWell ? 0 : 1;
}

// What a rig started dies with this process; its folder is removed at the next sweep of the temporary folder.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.exitCode = await main(process.argv.slice(2));
