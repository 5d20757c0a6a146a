/** Pages are followed on the server they came from, to their end, and never in a circle. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FhirClient } from '../client.ts';
import type { JsonRecord } from '../json.ts';
import { searchPages } from './pages.ts';

const baseUrl = 'https://fhir.example/r4';
const page = (ids: readonly string[], next: string | null): JsonRecord => ({
  resourceType: 'Bundle',
  type: 'searchset',
  entry: [
    ...ids.map((id) => ({ resource: { resourceType: 'Task', id } })),
    { resource: { resourceType: 'OperationOutcome' } },
    3,
  ],
  link: [{ relation: 'self', url: 'x' }, ...(next === null ? [] : [{ relation: 'next', url: next }])],
});

async function readAll(pages: Readonly<Record<string, unknown>>): Promise<readonly unknown[]> {
  const asked: string[] = [];
  const client: FhirClient = {
    baseUrl,
    send: async ({ path }) => {
      asked.push(path);
      assert.ok(asked.length < 20);
      return { status: path in pages ? 200 : 404, etag: null, resource: (pages[path] ?? null) as JsonRecord | null };
    },
  };
  const found: unknown[] = [];
  for await (const resources of searchPages(client, 'Task?x', 'Task', new AbortController().signal))
    found.push(...resources.map(({ id }) => id));
  return found;
}

test('next links are followed to the end, relative ones too; other resources are left out', async () => {
  const second = `${baseUrl}?_getpages=1`;
  const pages = { 'Task?x': page(['a', 'b'], second), [second]: page(['c'], 'Task?y'), [`${baseUrl}/Task?y`]: page(['d'], null) };
  assert.deepEqual(await readAll(pages), ['a', 'b', 'c', 'd']);
});

test('a link elsewhere, a circle, and what is no bundle end the look', async () => {
  const unusable = { code: 'FHIR_POLL_UNUSABLE' };
  for (const next of [
    'https://evil.example/r4?_getpages=1',
    'http://fhir.example/r4',
    'https://u:p@fhir.example/r4',
    'file:///etc/passwd',
  ])
    await assert.rejects(readAll({ 'Task?x': page(['a'], next) }), unusable, next);
  const circle = `${baseUrl}/Task?again`;
  await assert.rejects(readAll({ 'Task?x': page(['a'], circle), [circle]: page(['b'], circle) }), unusable);
  for (const body of [null, {}, { resourceType: 'OperationOutcome' }])
    await assert.rejects(readAll({ 'Task?x': body }), unusable);
});
