/** Starts real servers for tests: Kafka, schema registry and Postgres in a folder of their own, deployed and ready, and takes them down without a trace. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deploy, freePorts, migrate, startKafka, startPostgres, startRegistry } from '@clinstream/local';
import pg from 'pg';
import type { StackAddresses } from './stack-addresses.ts';

export type StackServersOptions = { readonly brokers?: 1 | 3; readonly partitions?: number };
export type StackServers = { readonly addresses: StackAddresses; stop(): Promise<void> };

/** Database every `freshDatabase` is copied from. */
export const templateDatabase = 'clinstream_template';

export async function startStackServers(options: StackServersOptions = {}): Promise<StackServers> {
  const dir = mkdtempSync(join(tmpdir(), 'clinstream-test-'));
  const [kafka, postgres] = await Promise.all([
    startKafka({ dir: join(dir, 'kafka'), port: await freePorts(6), brokers: options.brokers ?? 1, heapMb: 384 }),
    // Safe against kill -9, which is what tests do; nobody pulls the plug.
    startPostgres({ dir: join(dir, 'postgres'), port: await freePorts(), settings: { fsync: 'off' } }),
  ]);
  const registry = await startRegistry({ port: await freePorts(), databaseUrl: postgres.url });
  await Promise.all([
    deploy({
      kafka: { brokers: kafka.brokers, tls: null, sasl: null },
      registry: { url: registry.url },
      postgres: { url: postgres.url },
      ...(options.partitions ? { partitions: options.partitions } : {}),
    }),
    createTemplate(postgres.url),
  ]);
  const stop = async () => {
    await registry.stop();
    await Promise.all([kafka.kill(), postgres.kill()]);
    // The killed server's last children may still be closing files.
    rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  return { addresses: { brokers: kafka.brokers, registryUrl: registry.url, databaseUrl: postgres.url, dir }, stop };
}

async function createTemplate(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${templateDatabase}`);
  } finally {
    await client.end();
  }
  const url = new URL(databaseUrl);
  url.pathname = `/${templateDatabase}`;
  await migrate({ url: url.href });
}
