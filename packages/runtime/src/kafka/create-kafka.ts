/** Makes the way to a Kafka cluster. TLS and SASL from config, logs into ours, short internal retries: waiting for Kafka is our own work. */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { KafkaConfig as KafkajsConfig, SASLOptions } from 'kafkajs';
import type { SaslConfig, TlsConfig } from '../config/fragments.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { installFetchSessions } from './fetch-sessions.ts';
import { installFreshConnections } from './fresh-connections.ts';
import { Kafka, logLevel } from './kafkajs.ts';
import { createLogBridge } from './log-bridge.ts';
import type { KafkaConfig, KafkaConnection } from './types.ts';
import { silenceTimeoutNegativeWarning } from './warnings.ts';

/** Few and short: kafkajs comes back to us within about a second, and we decide how long to go on. */
const internalRetry = { retries: 2, initialRetryTime: 100, maxRetryTime: 1_000 };

export type KafkaOptions = {
  /** Shown by the brokers; defaults to `clinstream`. */
  readonly clientId?: string;
  readonly requestTimeoutMs?: number;
};

/** Connects nothing yet. Throws when a TLS file cannot be read: bad configuration is found at start. */
export function createKafka(config: KafkaConfig, telemetry: Pick<Telemetry, 'log'>, options: KafkaOptions = {}): KafkaConnection {
  silenceTimeoutNegativeWarning();
  installFreshConnections();
  installFetchSessions();
  const clientId = options.clientId ?? 'clinstream';
  const settings: KafkajsConfig = {
    clientId,
    brokers: [...config.brokers],
    ssl: config.tls ? tlsOptions(config.tls) : false,
    ...(config.sasl ? { sasl: saslOptions(config.sasl) } : {}),
    connectionTimeout: 3_000,
    authenticationTimeout: 5_000,
    requestTimeout: options.requestTimeoutMs ?? 10_000,
    retry: internalRetry,
    logLevel: logLevel.WARN,
  };
  return {
    brokers: config.brokers,
    clientId,
    client: (onNotice = () => {}) => new Kafka({ ...settings, logCreator: createLogBridge(telemetry.log, onNotice) }),
  };
}

function tlsOptions(tls: TlsConfig): ConnectionOptions {
  return {
    ...(tls.caFile ? { ca: readFileSync(tls.caFile) } : {}),
    ...(tls.certFile ? { cert: readFileSync(tls.certFile) } : {}),
    ...(tls.keyFile ? { key: readFileSync(tls.keyFile) } : {}),
  };
}

const saslOptions = ({ mechanism, username, password }: SaslConfig): SASLOptions => ({
  mechanism,
  username,
  password: password.reveal(),
});
