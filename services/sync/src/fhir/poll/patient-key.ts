/** Which patient key an order made in the FHIR server belongs to: by Patient.identifier, system and value, and by nothing else (facts 6.3, 6.12). Pure. */
import { patientKeyOf } from '@clinstream/contracts';
import { identifiersOf } from '../../domain/fhir/systems.ts';
import { looksLikeResidentNumber } from '../../domain/fhir/text.ts';
import type { RenderSettings } from '../../domain/fhir/types.ts';
import { type JsonRecord, textIn } from '../json.ts';

export type FoundKey =
  | { readonly key: string }
  | { readonly code: 'PATIENT_NOT_IDENTIFIED' | 'PATIENT_AMBIGUOUS' | 'PATIENT_NOT_FOUND' };

/** Exactly one key, or the reason why there is none: never a choice among several. */
export function patientKeyFrom(identifiers: readonly JsonRecord[], settings: RenderSettings): FoundKey {
  const keys = new Set(identifiers.map((one) => keyOfIdentifier(one, settings)).filter((key) => key !== null));
  const [key] = keys;
  if (key === undefined) return { code: 'PATIENT_NOT_IDENTIFIED' };
  return keys.size === 1 ? { key } : { code: 'PATIENT_AMBIGUOUS' };
}

function keyOfIdentifier(identifier: JsonRecord, settings: RenderSettings): string | null {
  const system = textIn(identifier, 'system');
  const value = textIn(identifier, 'value')?.trim() ?? '';
  if (system === null || value === '' || textIn(identifier, 'use') === 'old') return null;
  if (looksLikeResidentNumber(value) || /\p{Cc}/u.test(value) || !value.isWellFormed()) return null;
  const place = placeOf(system, settings);
  return place === null ? null : patientKeyOf({ ...place, id: value.normalize('NFC') });
}

/** The way back from `patientSystemOf`. */
function placeOf(system: string, settings: RenderSettings): { readonly facility: string; readonly authority: string } | null {
  const configured = Object.entries(settings.patientSystems).find(([, uri]) => uri === system)?.[0];
  if (configured !== undefined) return partsOf(configured.split('|'));
  const prefix = `${identifiersOf(settings, 'patient')}/`;
  if (!system.startsWith(prefix)) return null;
  try {
    return partsOf(system.slice(prefix.length).split('/').map(decodeURIComponent));
  } catch {
    return null;
  }
}

function partsOf(parts: readonly string[]) {
  const [facility, authority, ...rest] = parts;
  return facility && authority !== undefined && rest.length === 0 ? { facility, authority } : null;
}
