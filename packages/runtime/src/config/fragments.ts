/** The settings every service shares, each under one name everywhere. Put them into a service's spec: `{ kafka: kafkaConfig, … }`. */
import { type LogLevel, logLevels } from '../telemetry/logger.ts';
import { type Complain, group } from './read-config.ts';
import type { Secret } from './secret.ts';
import { bool, integer, list, oneOf, optional, port, secret, text, url } from './variables.ts';

export type TlsConfig = { readonly caFile: string | null; readonly certFile: string | null; readonly keyFile: string | null };
export type SaslConfig = {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: Secret;
};
export type KafkaConfig = {
  readonly brokers: readonly string[];
  readonly tls: TlsConfig | null;
  readonly sasl: SaslConfig | null;
};

export const kafkaConfig = group(
  {
    brokers: list('KAFKA_BROKERS', {
      meaning: 'first brokers to ask for the cluster',
      expected: 'host:port, comma-separated',
      pattern: /^[^\s:,]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/,
    }),
    tls: bool('KAFKA_TLS', { meaning: 'speak TLS to the brokers', default: false }),
    caFile: optional(text('KAFKA_TLS_CA_FILE', { meaning: 'PEM file of the authority that signed the brokers' })),
    certFile: optional(text('KAFKA_TLS_CERT_FILE', { meaning: 'PEM file of our client certificate' })),
    keyFile: optional(text('KAFKA_TLS_KEY_FILE', { meaning: 'PEM file of its key' })),
    mechanism: optional(
      oneOf('KAFKA_SASL_MECHANISM', {
        meaning: 'how to log in to Kafka',
        values: ['plain', 'scram-sha-256', 'scram-sha-512'],
      }),
    ),
    username: optional(text('KAFKA_SASL_USERNAME', { meaning: 'user for Kafka' })),
    password: optional(secret('KAFKA_SASL_PASSWORD', { meaning: 'password for Kafka' })),
  },
  (values, complain): KafkaConfig => ({
    brokers: values.brokers,
    tls: tlsOf(values, complain),
    sasl: saslOf(values, complain),
  }),
);

type TlsValues = { tls: boolean } & TlsConfig;
function tlsOf({ tls, caFile, certFile, keyFile }: TlsValues, complain: Complain): TlsConfig | null {
  if ((certFile === null) !== (keyFile === null))
    complain(certFile === null ? 'KAFKA_TLS_CERT_FILE' : 'KAFKA_TLS_KEY_FILE', 'is not set, but certificate and key go together');
  if (!tls && (caFile ?? certFile ?? keyFile) !== null)
    complain('KAFKA_TLS', 'is false, but TLS files are given; set it to true');
  return tls ? { caFile, certFile, keyFile } : null;
}

type SaslValues = { mechanism: SaslConfig['mechanism'] | null; username: string | null; password: Secret | null };
function saslOf({ mechanism, username, password }: SaslValues, complain: Complain): SaslConfig | null {
  if (mechanism === null) {
    if (username !== null || password !== null)
      complain('KAFKA_SASL_MECHANISM', 'is not set, but a Kafka user or password is given');
    return null;
  }
  if (username === null) complain('KAFKA_SASL_USERNAME', 'is not set, but KAFKA_SASL_MECHANISM is');
  if (password === null) complain('KAFKA_SASL_PASSWORD', 'is not set, but KAFKA_SASL_MECHANISM is');
  return username === null || password === null ? null : { mechanism, username, password };
}

export type RegistryConfig = {
  readonly url: string;
  readonly auth: { readonly username: string; readonly password: Secret } | null;
};

export const registryConfig = group(
  {
    url: url('SCHEMA_REGISTRY_URL', { meaning: 'Confluent-compatible schema registry' }),
    username: optional(text('SCHEMA_REGISTRY_USERNAME', { meaning: 'user for the schema registry' })),
    password: optional(secret('SCHEMA_REGISTRY_PASSWORD', { meaning: 'password for the schema registry' })),
  },
  ({ url, username, password }, complain): RegistryConfig => {
    if (username === null && password !== null) complain('SCHEMA_REGISTRY_USERNAME', 'is not set, but a password is given');
    if (username !== null && password === null) complain('SCHEMA_REGISTRY_PASSWORD', 'is not set, but a user is given');
    return { url, auth: username === null || password === null ? null : { username, password } };
  },
);

export type PostgresConfig = {
  /** Holds the password. */
  readonly url: Secret;
  readonly poolSize: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
};

export const postgresConfig = group(
  {
    url: secret('DATABASE_URL', {
      meaning: 'PostgreSQL to use',
      expected: 'postgres://user:password@host:port/database',
      check: (raw) => (/^postgres(ql)?:\/\//.test(raw) && URL.canParse(raw) ? null : 'is not a postgres:// URL'),
    }),
    poolSize: integer('DATABASE_POOL_SIZE', { meaning: 'most connections one service holds', default: 10, min: 1, max: 200 }),
    connectTimeoutMs: integer('DATABASE_CONNECT_TIMEOUT_MS', {
      meaning: 'wait for a connection',
      default: 3_000,
      min: 100,
      max: 60_000,
    }),
    statementTimeoutMs: integer('DATABASE_STATEMENT_TIMEOUT_MS', {
      meaning: 'longest statement',
      default: 4_000,
      min: 100,
      max: 600_000,
    }),
  },
  (values): PostgresConfig => values,
);

export type OpsConfig = {
  readonly host: string;
  readonly port: number;
  readonly logLevel: LogLevel;
  readonly shutdownTimeoutMs: number;
};

/** What `runMain` needs of every service; `defaultPort` is the service's own. */
export const opsConfig = (defaultPort: number) =>
  group(
    {
      host: text('OPS_HOST', { meaning: 'address /live, /ready and /metrics listen on', default: '127.0.0.1' }),
      port: port('OPS_PORT', { meaning: 'port /live, /ready and /metrics listen on', default: defaultPort }),
      logLevel: oneOf('LOG_LEVEL', { meaning: 'least important lines written', values: logLevels, default: 'info' }),
      shutdownTimeoutMs: integer('SHUTDOWN_TIMEOUT_MS', {
        meaning: 'whole time a stop may take; keep it under the orchestrator’s grace period',
        default: 25_000,
        min: 1_000,
        max: 600_000,
      }),
    },
    (values): OpsConfig => values,
  );

export type HttpConfig = {
  readonly host: string;
  readonly port: number;
  readonly maxBodyBytes: number;
  readonly requestTimeoutMs: number;
  /** Requests per client and minute; 0 = no limit. */
  readonly rateLimitPerMinute: number;
  /** Addresses or CIDRs of proxies whose X-Forwarded-* we believe; empty = none. */
  readonly trustedProxies: readonly string[];
};

export const httpConfig = (defaultPort: number) =>
  group(
    {
      host: text('HTTP_HOST', { meaning: 'address the API listens on', default: '127.0.0.1' }),
      port: port('HTTP_PORT', { meaning: 'port the API listens on', default: defaultPort }),
      maxBodyBytes: integer('HTTP_MAX_BODY_BYTES', {
        meaning: 'largest request body',
        default: 1_048_576,
        min: 1_024,
        max: 1_073_741_824,
      }),
      requestTimeoutMs: integer('HTTP_REQUEST_TIMEOUT_MS', {
        meaning: 'longest time to receive one request',
        default: 30_000,
        min: 1_000,
        max: 600_000,
      }),
      rateLimitPerMinute: integer('HTTP_RATE_LIMIT_PER_MINUTE', {
        meaning: 'requests one client may make in a minute, 0 for no limit',
        default: 60_000,
        min: 0,
        max: 100_000_000,
      }),
      trustedProxies: list('HTTP_TRUSTED_PROXIES', {
        meaning: 'proxies whose X-Forwarded-* headers are believed',
        expected: 'addresses or CIDRs, comma-separated',
        default: [],
        pattern: /^[0-9a-fA-F.:]+(\/\d{1,3})?$/,
      }),
    },
    (values): HttpConfig => values,
  );

export type JwksSource = { readonly kind: 'url'; readonly url: string } | { readonly kind: 'file'; readonly path: string };
export type JwtConfig = { readonly jwks: JwksSource; readonly issuer: string; readonly audience: string };

export const jwtConfig = group(
  {
    url: optional(url('JWT_JWKS_URL', { meaning: 'where the keys that sign tokens are published (or JWT_JWKS_FILE)' })),
    file: optional(text('JWT_JWKS_FILE', { meaning: 'file of the keys that sign tokens (or JWT_JWKS_URL)' })),
    issuer: text('JWT_ISSUER', { meaning: 'who must have issued a token' }),
    audience: text('JWT_AUDIENCE', { meaning: 'for whom a token must have been issued' }),
  },
  ({ url, file, issuer, audience }, complain): JwtConfig => {
    if (url === null && file === null) complain('JWT_JWKS_URL', 'is not set and neither is JWT_JWKS_FILE; one of them is needed');
    if (url !== null && file !== null) complain('JWT_JWKS_FILE', 'is set and so is JWT_JWKS_URL; only one may be');
    return { jwks: url === null ? { kind: 'file', path: file ?? '' } : { kind: 'url', url }, issuer, audience };
  },
);

export const blobDir = text('BLOB_DIR', { meaning: 'folder the raw messages and files are kept in' });
export const modelsDir = text('MODELS_DIR', { meaning: 'folder of the models, one folder per name and version' });
