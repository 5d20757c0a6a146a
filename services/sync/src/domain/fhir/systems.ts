/** Uris of code and identifier systems. What HL7 names itself is fixed; what is local comes from the settings, else stands under their base. Pure. */
import { parsePatientKey } from '@clinstream/contracts';
import { lineOf } from './text.ts';
import type { RenderSettings } from './types.ts';

const terminology = 'http://terminology.hl7.org/CodeSystem';

export const systems = {
  ucum: 'http://unitsofmeasure.org',
  observationCategory: `${terminology}/observation-category`,
  interpretation: `${terminology}/v3-ObservationInterpretation`,
  dataAbsentReason: `${terminology}/data-absent-reason`,
  observationValue: `${terminology}/v3-ObservationValue`,
  /**
   * The same by its OID. Servers with the code system of R4's own days (HAPI 8.4 bundles that of 2018) do not find AIAST in it: as a security label
   * they warn, as a reason they refuse the resource. By OID they have nothing to compare it with.
   */
  observationValueOid: 'urn:oid:2.16.840.1.113883.5.1063',
  actReason: `${terminology}/v3-ActReason`,
  identifierType: `${terminology}/v2-0203`,
  specimenRejectReason: `${terminology}/v2-0490`,
  participantType: `${terminology}/provenance-participant-type`,
  aiDeviceType: 'http://hl7.org/fhir/uv/aitransparency/CodeSystem/AIdeviceTypeCS',
  aiConfidence: 'http://hl7.org/fhir/uv/aitransparency/StructureDefinition/AIconfidence',
} as const;

/** HL7 table 0396, as far as hospitals here use it. */
const known: Readonly<Record<string, string>> = {
  LN: 'http://loinc.org',
  SCT: 'http://snomed.info/sct',
  SNM: 'http://snomed.info/sct',
  UCUM: systems.ucum,
  I10: 'http://hl7.org/fhir/sid/icd-10',
  ICD10: 'http://hl7.org/fhir/sid/icd-10',
  RXNORM: 'http://www.nlm.nih.gov/research/umls/rxnorm',
  ATC: 'http://www.whocc.no/atc',
  HL70487: `${terminology}/v2-0487`,
  HL70490: systems.specimenRejectReason,
};

const isUri = (text: string): boolean => /^(https?:\/\/|urn:)[^\s"<>\\^`{|}]+$/i.test(text);
const part = (text: string): string => encodeURIComponent((lineOf(text) ?? '').normalize('NFC'));

/** Uri of a coding system as a message names it; two hospitals' `L` are two systems. Undefined where none is named. */
export function codeSystemOf(name: string, facility: string, settings: RenderSettings): string | undefined {
  const configured = settings.codeSystems[`${facility}|${name}`] ?? settings.codeSystems[name];
  if (configured !== undefined) return configured;
  const trimmed = lineOf(name);
  if (trimmed === null) return undefined;
  return (
    known[trimmed.toUpperCase()] ?? (isUri(trimmed) ? trimmed : `${settings.systemBase}/code/${part(facility)}/${part(trimmed)}`)
  );
}

/** Uri of our own codes. */
export const ownCodes = (settings: RenderSettings, ...names: readonly string[]): string =>
  [settings.systemBase, 'code', 'clinstream', ...names.map(part)].join('/');

/** Uri of identifiers: of orders by their authority, of models, of people who review. */
export const identifiersOf = (settings: RenderSettings, ...names: readonly string[]): string =>
  [settings.systemBase, 'id', ...names.map(part)].join('/');

export function patientSystemOf(facility: string, authority: string, settings: RenderSettings): string {
  return settings.patientSystems[`${facility}|${authority}`] ?? identifiersOf(settings, 'patient', facility, authority);
}

export const facilityOf = (patientKey: string): string => parsePatientKey(patientKey)?.facility ?? '';
