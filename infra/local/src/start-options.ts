/** What `npm start` understands. Pure: arguments and environment in, options or one clear complaint out. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { repositoryRoot, type ServiceName, type ServicePorts, serviceNames } from './services.ts';

export type Ports = ServicePorts & { readonly kafka: number; readonly registry: number; readonly postgres: number };
export type Part = ServiceName | 'day';

export type StartOptions = {
  readonly once: boolean;
  readonly fresh: boolean;
  readonly dataDir: string;
  readonly ports: Ports;
  readonly without: ReadonlySet<Part>;
  readonly dayFile: string;
};

const parts: readonly Part[] = [...serviceNames, 'day'];

export const startHelp = `npm start [-- OPTIONS]: the whole system on this machine, loopback only. Ctrl-C ends it.

  --once            play the sample day, stop, exit 0 only if every expected result is there
  --fresh           wipe the data folder first
  --port-offset N   add N to every port, so that a second copy runs beside the first
  --data DIR        data folder (default .clinstream/stack, with an offset .clinstream/stack-N)
  --day FILE        another day to play (default samples/day.json)
  --without PART    leave out ${parts.join(', ')}; may be repeated

Ports: ingest http 8080, api http 8081, HL7 v2 2575; metrics and health 9101 (ingest), 9102 (inference), 9103 (api); Kafka 19092 and 19093,
schema registry 18081, Postgres 15432.

Set KAFKA_BROKERS (with KAFKA_TLS, KAFKA_SASL_* …), SCHEMA_REGISTRY_URL or DATABASE_URL to use servers of your own in place of the embedded ones.
Every other variable the services read is passed on to them.
`;

export const portsAt = (offset: number): Ports => ({
  ingestHttp: 8080 + offset,
  apiHttp: 8081 + offset,
  mllp: 2575 + offset,
  ops: { ingest: 9101 + offset, inference: 9102 + offset, api: 9103 + offset },
  kafka: 19_092 + offset,
  registry: 18_081 + offset,
  postgres: 15_432 + offset,
});

/** The folder both `npm start` and `npm run token` mean when none is named. */
export const defaultDataDir = (offset: number): string =>
  join(repositoryRoot, '.clinstream', offset === 0 ? 'stack' : `stack-${offset}`);

/** `help`, or the options. Throws with a text for people when an argument is not understood. */
export function parseStartOptions(args: readonly string[]): 'help' | StartOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      once: { type: 'boolean', default: false },
      fresh: { type: 'boolean', default: false },
      'port-offset': { type: 'string', default: '0' },
      data: { type: 'string' },
      day: { type: 'string' },
      without: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const offset = parseOffset(values['port-offset']);
  return {
    once: values.once,
    fresh: values.fresh,
    dataDir: values.data ?? defaultDataDir(offset),
    ports: portsAt(offset),
    without: new Set(values.without.map(parsePart)),
    dayFile: values.day ?? join(repositoryRoot, 'samples', 'day.json'),
  };
}

export function parseOffset(text: string): number {
  const offset = Number(text);
  if (!Number.isInteger(offset) || offset < 0 || offset > 40_000)
    throw new Error(`--port-offset: a whole number from 0 to 40000 is needed, not ${text}`);
  return offset;
}

function parsePart(text: string): Part {
  const part = parts.find((one) => one === text);
  if (part === undefined) throw new Error(`--without: ${text} is not one of ${parts.join(', ')}`);
  return part;
}
