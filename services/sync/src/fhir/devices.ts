/**
 * The models we may name as authors, written as Devices once at start (facts 6.12): in bundles they would be fought over by all patients at once.
 * Safe to repeat and to do from several instances: equal content is not written again.
 */

import { canonicalDigest } from '../domain/fhir/source-version.ts';
import type { FhirClient } from './client.ts';
import { fhirError } from './errors.ts';
import { judge, lookUp } from './look.ts';
import type { Resource } from './resource.ts';
import { keyOf } from './resource.ts';

/** Rejects as the client does, with FHIR_UNEXPECTED_STATUS when the server does not take one, FHIR_FOREIGN_CHANGE when an id is taken. */
export async function writeDevices(client: FhirClient, devices: readonly Resource[], signal: AbortSignal): Promise<void> {
  for (const device of devices) await writeDevice(client, device, signal);
}

async function writeDevice(client: FhirClient, device: Resource, signal: AbortSignal): Promise<void> {
  const key = keyOf(device);
  const entry = { key, resource: device, digest: canonicalDigest(device), ifMatch: null };
  const judgement = judge(entry, await lookUp(client, key, signal), true);
  if (judgement.kind === 'same') return;
  if (judgement.kind === 'refuse') {
    // Another instance of a newer release has been here: its words stand.
    if (judgement.code === 'FHIR_NEWER_ON_SERVER') return;
    throw fhirError(judgement.code);
  }
  const ifMatch = judgement.ifMatch === null ? {} : { ifMatch: `W/"${judgement.ifMatch}"` };
  const { status } = await client.send({ method: 'PUT', path: key, body: device, minimal: true, signal, ...ifMatch });
  // A conflict is another instance doing the same.
  if (![200, 201, 409, 412].includes(status)) throw fhirError('FHIR_UNEXPECTED_STATUS');
}
