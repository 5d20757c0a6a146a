/** `npm run bench -- NAME [--json] [options]`: ratios in one run against a bare loop or a peer, never absolute promises. */
import { parseArgs } from 'node:util';
import { backlog } from './backlog.ts';
import { fhir } from './fhir.ts';
import { growth } from './growth.ts';
import { inference } from './inference.ts';
import { ingest } from './ingest.ts';
import { latency } from './latency.ts';
import type { Bench, Figures } from './lib/bench.ts';
import { writeSection } from './lib/write-docs.ts';
import { mllpOut } from './mllp-out.ts';
import { peers } from './peers.ts';
import { pipeline } from './pipeline.ts';
import { rebalance } from './rebalance.ts';
import { sink } from './sink.ts';

const benches: Readonly<Record<string, Bench>> = {
  pipeline,
  latency,
  backlog,
  peers,
  sink,
  inference,
  ingest,
  'mllp-out': mllpOut,
  rebalance,
  growth,
  fhir,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    jobs: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    rate: { type: 'string' },
    keys: { type: 'string' },
    instances: { type: 'string' },
    kb: { type: 'string' },
    rows: { type: 'string' },
  },
});

const name = positionals[0] ?? '';
const bench = benches[name];
if (values.help || bench === undefined) {
  console.log('usage: npm run bench -- NAME [--json] [--write] [--jobs N] [--rounds N] [--seconds N] [--rate N]\n');
  for (const [name, each] of Object.entries(benches)) console.log(`  ${name.padEnd(10)} ${each.about}`);
  console.log('\n--json makes the last line one flat JSON object; --write puts the figures into docs/benchmarks.md.');
  process.exit(values.help ? 0 : 2);
}

const numbers = Object.fromEntries(
  Object.entries(values).flatMap(([name, value]) => (typeof value === 'string' ? [[name, Number(value)]] : [])),
);
const figures: Figures = await bench.run(numbers, (line) => console.log(line));
if (values.write) await writeSection(name, bench, figures, `npm run bench -- ${process.argv.slice(2).join(' ')}`);
if (values.json) console.log(JSON.stringify(figures));
process.exit(0);
