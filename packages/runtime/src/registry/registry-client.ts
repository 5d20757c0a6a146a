/**
 * The two questions we ask a Confluent-compatible registry, each bounded in time: which id has this schema under this subject, and which schema
 * has this id. Never registers. Errors (AppError): SCHEMA_NOT_REGISTERED, REGISTRY_UNAVAILABLE (retryable/dependency), SCHEMA_UNKNOWN,
 * AVRO_UNREADABLE (poison).
 */
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import type { RegistryConfig } from '../config/fragments.ts';
import type { AppError } from '../errors/app-error.ts';
import { runtimeError } from '../errors/classify.ts';

export type RegistryClient = {
  idOf(subject: string, schemaText: string): Promise<number>;
  schemaOf(id: number): Promise<object>;
};

const requestTimeoutMs = 5_000;

export function createRegistryClient(config: RegistryConfig): RegistryClient {
  const auth = config.auth ? { auth: { username: config.auth.username, password: config.auth.password.reveal() } } : {};
  const client = new SchemaRegistry({ host: config.url, clientId: 'clinstream', retry: { retries: 0 }, ...auth });
  return {
    async idOf(subject, schemaText) {
      try {
        return await inTime(client.getRegistryIdBySchema(subject, { type: SchemaType.AVRO, schema: schemaText }));
      } catch (error) {
        throw notRegistered(error, subject) ?? unavailable(error);
      }
    },
    async schemaOf(id) {
      const found = await inTime(client.getSchema(id)).catch((error: unknown) => {
        throw unknownSchema(error, id) ?? unavailable(error);
      });
      if (!('schema' in found)) throw runtimeError('AVRO_UNREADABLE', 'decode', { message: `schema ${id} is not Avro` });
      return (found as { schema(options: object): object }).schema({ exportAttrs: true });
    },
  };
}

/** The client has no timeout of its own: a registry that swallows the question must not stop us for ever. */
async function inTime<T>(question: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), requestTimeoutMs);
  });
  try {
    return await Promise.race([question, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

const unavailable = (cause: unknown): AppError => runtimeError('REGISTRY_UNAVAILABLE', 'decode', { cause });

/** The client turns the 404 of this question into its own error class, without a status. */
const notRegistered = (error: unknown, subject: string): AppError | null =>
  error instanceof Error && error.name === 'ConfluentSchemaRegistryError'
    ? runtimeError('SCHEMA_NOT_REGISTERED', 'publish', { message: `our schema is not registered under ${subject}; run deploy` })
    : null;

const unknownSchema = (error: unknown, id: number): AppError | null =>
  (error as { status?: unknown }).status === 404
    ? runtimeError('SCHEMA_UNKNOWN', 'decode', { message: `the registry does not know schema ${id}` })
    : null;
