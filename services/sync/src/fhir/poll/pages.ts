/**
 * A search on the FHIR server, page by page by its `next` links. Rejects with FHIR_POLL_UNUSABLE for what is no searchset of that kind, for a link to
 * another server (our credentials stay here) and for one that leads in a circle.
 */
import type { FhirClient } from '../client.ts';
import { fhirError } from '../errors.ts';
import { type JsonRecord, objectIn, objectsIn, textIn } from '../json.ts';

export async function* searchPages(
  client: FhirClient,
  query: string,
  kind: string,
  signal: AbortSignal,
): AsyncGenerator<readonly JsonRecord[]> {
  const seen = new Set<string>();
  for (let path: string | null = query; path !== null; ) {
    seen.add(path);
    const { status, resource } = await client.send({ method: 'GET', path, signal });
    if (status !== 200 || textIn(resource, 'resourceType') !== 'Bundle') throw fhirError('FHIR_POLL_UNUSABLE');
    yield objectsIn(resource, 'entry')
      .map((entry) => objectIn(entry, 'resource'))
      .filter((one) => one !== null)
      .filter((one) => textIn(one, 'resourceType') === kind);
    path = nextOf(resource, client.baseUrl);
    if (path !== null && seen.has(path)) throw fhirError('FHIR_POLL_UNUSABLE');
  }
}

function nextOf(bundle: JsonRecord | null, baseUrl: string): string | null {
  const link = objectsIn(bundle, 'link').find((one) => textIn(one, 'relation') === 'next');
  const url = textIn(link, 'url');
  if (url === null) return null;
  const next = URL.canParse(url, `${baseUrl}/`) ? new URL(url, `${baseUrl}/`) : null;
  if (next === null || next.origin !== new URL(baseUrl).origin || next.username !== '') throw fhirError('FHIR_POLL_UNUSABLE');
  return next.href;
}
