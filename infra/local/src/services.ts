/** The services of the system and the environment each is started with on one machine. The same for `npm start` and for tests. */
import { fileURLToPath } from 'node:url';
import { audience, issuer, jwksFileOf } from './tokens.ts';

/** One process each. Sync runs once per target, so that neither can disturb the other. */
export const serviceNames = ['ingest', 'inference', 'api', 'sync-fhir', 'sync-lis'] as const;
export type ServiceName = (typeof serviceNames)[number];

export const repositoryRoot = fileURLToPath(new URL('../../..', import.meta.url));
export const entryOf = (name: ServiceName): string =>
  `${repositoryRoot}services/${name.startsWith('sync-') ? 'sync' : name}/src/main.ts`;
export const modelsDir = `${repositoryRoot}models`;

/** Where the servers are; what a person may point elsewhere. */
export type ServerAddresses = {
  readonly kafka: string;
  readonly registryUrl: string;
  readonly databaseUrl: string;
};

/** Whom sync tells. Null: nobody; its process is not started then. */
export type TargetAddresses = {
  readonly fhirBaseUrl: string | null;
  /** `isOurs`: the demonstration laboratory, whose habits are known. */
  readonly lis: { readonly host: string; readonly port: number; readonly isOurs: boolean } | null;
};
export const noTargets: TargetAddresses = { fhirBaseUrl: null, lis: null };

export type ServicePorts = {
  readonly ingestHttp: number;
  readonly apiHttp: number;
  readonly mllp: number;
  readonly ops: Readonly<Record<ServiceName, number>>;
};

export type ServiceEnvInput = {
  readonly addresses: ServerAddresses;
  readonly ports: ServicePorts;
  /** Folder with the keys, made by `ensureKeys`. */
  readonly keysDir: string;
  readonly blobDir: string;
  readonly mllpChannelFile: string;
  /** Default: none. */
  readonly targets?: TargetAddresses;
};

export const mllpChannelFile = `${repositoryRoot}samples/channels.json`;

type Env = Readonly<Record<string, string>>;

/** Only what is set here differs from the services' own defaults. */
export function serviceEnv(name: ServiceName, input: ServiceEnvInput): Env {
  return { ...sharedEnv(input), OPS_PORT: String(input.ports.ops[name]), ...ownEnv[name](input) };
}

const sharedEnv = ({ addresses, keysDir, blobDir }: ServiceEnvInput): Env => ({
  KAFKA_BROKERS: addresses.kafka,
  SCHEMA_REGISTRY_URL: addresses.registryUrl,
  DATABASE_URL: addresses.databaseUrl,
  JWT_JWKS_FILE: jwksFileOf(keysDir),
  JWT_ISSUER: issuer,
  JWT_AUDIENCE: audience,
  BLOB_DIR: blobDir,
  MODELS_DIR: modelsDir,
});

const ownEnv: Readonly<Record<ServiceName, (input: ServiceEnvInput) => Env>> = {
  ingest: ({ ports, mllpChannelFile }) => ({
    HTTP_PORT: String(ports.ingestHttp),
    API_PUBLIC_URL: `http://127.0.0.1:${ports.apiHttp}`,
    MLLP_PORT: String(ports.mllp),
    MLLP_CHANNEL_FILE: mllpChannelFile,
  }),
  inference: () => ({}),
  api: ({ ports }) => ({ HTTP_PORT: String(ports.apiHttp), API_ROLES: 'sink,http' }),
  'sync-fhir': ({ targets }) => ({ SYNC_ROLES: 'fhir', ...(targets?.fhirBaseUrl ? { FHIR_BASE_URL: targets.fhirBaseUrl } : {}) }),
  'sync-lis': ({ targets }) => ({ SYNC_ROLES: 'lis', ...(targets?.lis ? lisEnv(targets.lis) : {}) }),
};

/** What is agreed with the demonstration laboratory: it is in the hospital of samples/channels.json. */
const lisEnv = ({ host, port, isOurs }: NonNullable<TargetAddresses['lis']>): Env => ({
  LIS_HOST: host,
  LIS_PORT: String(port),
  ...(isOurs ? { LIS_SENDING_FACILITY: 'HANEUL', LIS_FACILITY: 'HANEUL', LIS_DEDUPLICATES: 'true', LIS_URGENT_CODE: 'T' } : {}),
});
