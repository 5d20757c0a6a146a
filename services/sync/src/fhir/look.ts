/**
 * Looks at what stands on the server under our ids and judges what may be done about it: overwrite only what is ours, never what is newer
 * (facts 6.2, 6.12). Done after a conflict, and before a write whose predecessor was never answered.
 */

import { versionOfSource } from '../domain/fhir/source-version.ts';
import { parseVersion } from './bundle.ts';
import type { FhirClient } from './client.ts';
import { type FhirErrorCode, fhirError } from './errors.ts';
import { type JsonRecord, objectIn, textIn } from './json.ts';
import type { Entry } from './plan.ts';
import { isOurs, isSameContent, type Resource, saysAll } from './resource.ts';

export type Found =
  | { readonly kind: 'absent' }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'there'; readonly resource: JsonRecord; readonly version: string | null };

export type Judgement =
  /** What we would write is what stands there. */
  | { readonly kind: 'same'; readonly version: string | null }
  | { readonly kind: 'write'; readonly ifMatch: string | null }
  | { readonly kind: 'refuse'; readonly code: FhirErrorCode };

/** Pure. `force`: a person asked for it, so that what was deleted may come back; what is foreign stays foreign. */
export function judge(entry: Entry, found: Found, force: boolean): Judgement {
  switch (found.kind) {
    case 'absent':
      return { kind: 'write', ifMatch: null };
    case 'deleted':
      return force ? { kind: 'write', ifMatch: null } : { kind: 'refuse', code: 'FHIR_FOREIGN_CHANGE' };
    case 'there':
      return judgePresent(entry.resource, found);
  }
}

function judgePresent(ours: Resource, { resource, version }: Extract<Found, { kind: 'there' }>): Judgement {
  if (!isOurs(resource, ours)) {
    // Whoever knows more of the person may have added to a Patient: what we say of it still stands, and it stays as it is.
    const isEnriched = ours.resourceType === 'Patient' && saysAll(resource, ours);
    return isEnriched ? { kind: 'same', version } : { kind: 'refuse', code: 'FHIR_FOREIGN_CHANGE' };
  }
  if ((versionOfSource(resource) ?? -1) > (versionOfSource(ours) ?? -1)) return { kind: 'refuse', code: 'FHIR_NEWER_ON_SERVER' };
  return isSameContent(resource, ours) ? { kind: 'same', version } : { kind: 'write', ifMatch: version };
}

/** Rejects as the client does, with FHIR_UNEXPECTED_STATUS, and with FHIR_REPLY_UNREADABLE for a reply that is not that resource. */
export async function lookUp(client: FhirClient, key: string, signal: AbortSignal): Promise<Found> {
  const { status, resource, etag } = await client.send({ method: 'GET', path: key, signal });
  if (status === 404) return { kind: 'absent' };
  if (status === 410) return { kind: 'deleted' };
  if (status !== 200) throw fhirError('FHIR_UNEXPECTED_STATUS');
  if (resource === null || `${textIn(resource, 'resourceType')}/${textIn(resource, 'id')}` !== key)
    throw fhirError('FHIR_REPLY_UNREADABLE');
  return { kind: 'there', resource, version: textIn(objectIn(resource, 'meta'), 'versionId') ?? parseVersion(etag) };
}
