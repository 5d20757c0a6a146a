/**
 * Registers the schema of every topic's values with a Confluent-compatible registry, under FULL_TRANSITIVE. Idempotent: the registry answers a known
 * schema with its id. Services never do this; they look ids up.
 */
import { allTopics, schemaOf, subjectOf } from '@clinstream/contracts';

export type RegistryAccess = { readonly url: string; readonly username?: string | null; readonly password?: string | null };
export type RegisteredSchema = { readonly subject: string; readonly id: number };

const compatibility = 'FULL_TRANSITIVE';

/** Rejects with the registry's own words when a schema is not compatible with an earlier version. */
export async function registerSchemas(registry: RegistryAccess): Promise<readonly RegisteredSchema[]> {
  // A subject's first schema is registered under the global level, so that comes first.
  const { compatibilityLevel } = await ask<{ compatibilityLevel: string }>(registry, 'GET', '/config');
  if (compatibilityLevel !== compatibility) await ask(registry, 'PUT', '/config', { compatibility });
  const registered: RegisteredSchema[] = [];
  for (const topic of allTopics) {
    const subject = subjectOf(topic);
    const body = { schemaType: 'AVRO', schema: JSON.stringify(schemaOf[topic]) };
    const { id } = await ask<{ id: number }>(registry, 'POST', `/subjects/${encodeURIComponent(subject)}/versions`, body);
    registered.push({ subject, id });
  }
  return registered;
}

async function ask<T>(registry: RegistryAccess, method: string, path: string, body?: object): Promise<T> {
  const type = 'application/vnd.schemaregistry.v1+json';
  const response = await fetch(`${registry.url.replace(/\/$/, '')}${path}`, {
    method,
    headers: { accept: type, 'content-type': type, ...authorization(registry) },
    signal: AbortSignal.timeout(15_000),
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`schema registry: ${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`);
  return JSON.parse(text) as T;
}

function authorization({ username, password }: RegistryAccess): Record<string, string> {
  if (!username) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
}
