/** `npm run dead-letters`: shows what was parked, and sends it back. Without --yes a replay only says what it would do. */
import { parseArgs } from 'node:util';
import { ConfigError, defineConfig, kafkaConfig } from '@clinstream/runtime/config';
import { createKafka } from '@clinstream/runtime/kafka';
import { createEventProducer } from '@clinstream/runtime/producer';
import { createTelemetry } from '@clinstream/runtime/telemetry';
import { allGroups, type DeadLetter, listDeadLetters, replayableGroups, replayDeadLetters } from './dead-letters.ts';

const help = `npm run dead-letters -- list|replay [--group GROUP] [--code CODE] [--since HOURS] [--yes]

  list            what is parked: group, origin, error code, attempts, time, event id (never the content)
  replay          sends it back to the group's own retry topic; without --yes it only says what it would send
  --group GROUP   ${allGroups.join(', ')}; default all (replay: those with retry topics)
  --code CODE     only records parked with this error code
  --since HOURS   only records parked in the last so many hours (default 24)

What the sink parked (api-sink) comes back by rebuilding the projection: services/api/src/reset-projection.ts.
KAFKA_BROKERS and its kin name the cluster; default is the local stack.
`;

/** Where `npm start` puts it. */
const localKafka = '127.0.0.1:19092';

const options = {
  group: { type: 'string' },
  code: { type: 'string' },
  since: { type: 'string', default: '24' },
  yes: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const command = positionals[0];
  if (values.help || (command !== 'list' && command !== 'replay')) {
    console.log(help);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const known = command === 'list' ? allGroups : replayableGroups;
  const chosen = values.group === undefined ? known : known.filter((group) => group === values.group);
  if (chosen.length === 0) throw new Error(`--group must be one of ${known.join(', ')}`);
  const telemetry = createTelemetry({ name: 'dead-letters', level: 'error' });
  const { kafka: config } = defineConfig({ kafka: kafkaConfig })({ KAFKA_BROKERS: localKafka, ...process.env });
  const kafka = createKafka(config, telemetry);
  const since = Date.now() - Number(values.since) * 3_600_000;
  const letters = await listDeadLetters(kafka, { groups: chosen, code: values.code ?? null, since });
  for (const letter of letters) console.log(lineOf(letter));
  if (command === 'list' || !values.yes) {
    console.log(command === 'list' ? `${letters.length} parked` : `${letters.length} would go back; add --yes to send them`);
    return;
  }
  const producer = createEventProducer({ kafka, codecs: { encode: () => Buffer.alloc(0) }, telemetry });
  await producer.start();
  await replayDeadLetters(producer, letters, Date.now());
  await producer.stop(AbortSignal.timeout(10_000));
  console.log(`${letters.length} sent back`);
}

const lineOf = ({ group, origin, code, attempts, parkedAt, eventId }: DeadLetter): string =>
  [new Date(parkedAt).toISOString(), group, code, `attempts ${attempts}`, origin, eventId].join('  ');

try {
  await main();
} catch (error) {
  console.error(error instanceof ConfigError || error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
