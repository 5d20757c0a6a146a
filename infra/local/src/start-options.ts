/** What `npm start` understands. Pure: arguments and environment in, options or one clear complaint out. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { repositoryRoot, type ServiceName, type ServicePorts, serviceNames } from './services.ts';

export type Ports = ServicePorts & {
  readonly kafka: number;
  readonly registry: number;
  readonly postgres: number;
  readonly fhir: number;
  readonly lis: number;
};
/** `fhir` and `lis` are a target and the process that tells it. */
export type Part = Exclude<ServiceName, 'sync-fhir' | 'sync-lis'> | 'fhir' | 'lis' | 'day';

export type StartOptions = {
  readonly once: boolean;
  readonly fresh: boolean;
  readonly dataDir: string;
  readonly ports: Ports;
  readonly without: ReadonlySet<Part>;
  readonly dayFile: string;
};

const parts: readonly Part[] = ['ingest', 'inference', 'api', 'fhir', 'lis', 'day'];
const partOf = (name: ServiceName): Part => (name === 'sync-fhir' ? 'fhir' : name === 'sync-lis' ? 'lis' : name);

/** The services that are not left out. */
export const servicesOf = ({ without }: Pick<StartOptions, 'without'>): readonly ServiceName[] =>
  serviceNames.filter((name) => !without.has(partOf(name)));

export const startHelp = `npm start [-- OPTIONS]: the whole system on this machine, loopback only. Ctrl-C ends it.

  --once            play the sample day, stop, exit 0 only if every expected result is there and delivered
  --fresh           wipe the data folder first
  --port-offset N   add N to every port, so that a second copy runs beside the first
  --data DIR        data folder (default .clinstream/stack, with an offset .clinstream/stack-N)
  --day FILE        another day to play (default samples/day.json)
  --without PART    leave out ${parts.join(', ')}; may be repeated

Ports: ingest http 8080, api http 8081, HL7 v2 2575; metrics and health 9101 (ingest), 9102 (inference), 9103 (api),
9104 (sync to FHIR), 9105 (sync to the laboratory); Kafka 19092 and 19093,
schema registry 18081, Postgres 15432; FHIR server 8090, laboratory system 2576 (HL7 v2).

The FHIR server (HAPI, 283 MB of jars the first time) starts in the background once the day is played; nothing waits for it but \`--once\`.

Set KAFKA_BROKERS (with KAFKA_TLS, KAFKA_SASL_* …), SCHEMA_REGISTRY_URL, DATABASE_URL, FHIR_BASE_URL or LIS_HOST and LIS_PORT to use
servers of your own in place of the embedded ones.
Every other variable the services read is passed on to them.
`;

export const portsAt = (offset: number): Ports => ({
  ingestHttp: 8080 + offset,
  apiHttp: 8081 + offset,
  mllp: 2575 + offset,
  ops: {
    ingest: 9101 + offset,
    inference: 9102 + offset,
    api: 9103 + offset,
    'sync-fhir': 9104 + offset,
    'sync-lis': 9105 + offset,
  },
  kafka: 19_092 + offset,
  registry: 18_081 + offset,
  postgres: 15_432 + offset,
  fhir: 8090 + offset,
  lis: 2576 + offset,
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
