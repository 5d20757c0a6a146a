/** Runs the embedded schema registry as a process of its own: `node infra/local/src/registry/main.ts --help`. */
import { parseArgs } from 'node:util';
import { startRegistry } from './registry.ts';

const help = `The embedded schema registry: Confluent-compatible, Avro only, for one machine.

  --database-url URL   Postgres to keep schemas in (default: $DATABASE_URL)
  --host HOST          default 127.0.0.1
  --port PORT          default 18081; 0 takes any free port
`;

const { values } = parseArgs({
  options: {
    'database-url': { type: 'string', default: process.env['DATABASE_URL'] ?? '' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '18081' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help || values['database-url'] === '') {
  console.log(help);
  process.exitCode = values.help ? 0 : 2;
} else {
  const registry = await startRegistry({
    host: values.host,
    port: Number(values.port),
    databaseUrl: values['database-url'],
  });
  console.log(`schema registry listening on ${registry.url}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void registry.stop());
}
