/** `npm run bench -- NAME [--json] [options]`: ratios in one run against a bare loop or a peer, never absolute promises. */
import { parseArgs } from 'node:util';
import { backlog } from './backlog.ts';
import { latency } from './latency.ts';
import type { Bench, Figures } from './lib/bench.ts';
import { peers } from './peers.ts';
import { pipeline } from './pipeline.ts';

const benches: Readonly<Record<string, Bench>> = { pipeline, latency, backlog, peers };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    jobs: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    rate: { type: 'string' },
  },
});

const bench = benches[positionals[0] ?? ''];
if (values.help || bench === undefined) {
  console.log('usage: npm run bench -- NAME [--json] [--jobs N] [--rounds N] [--seconds N] [--rate N]\n');
  for (const [name, each] of Object.entries(benches)) console.log(`  ${name.padEnd(10)} ${each.about}`);
  console.log('\n--json makes the last line one flat JSON object.');
  process.exit(values.help ? 0 : 2);
}

const numbers = Object.fromEntries(
  Object.entries(values).flatMap(([name, value]) => (typeof value === 'string' ? [[name, Number(value)]] : [])),
);
const figures: Figures = await bench.run(numbers, (line) => console.log(line));
if (values.json) console.log(JSON.stringify(figures));
process.exit(0);
