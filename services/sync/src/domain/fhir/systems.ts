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
  participantType: `${terminology}/provenance-participant-type`,
  aiDeviceType: 'http://hl7.org/fhir/uv/aitransparency/CodeSystem/AIdeviceTypeCS',
  aiConfidence: 'http://hl7.org/fhir/uv/aitransparency/StructureDefinition/AIconfidence',
} as const;

/** HL7 table 0396, as far as hospitals here use it. */
const known: Readonly<Record<string, string>> = {
  LN: 'http://loinc.org',
  SCT: 'http://snomed.info/sct',
  SNM: 'http://snomed.info/sct',
  I10: 'http://hl7.org/fhir/sid/icd-10',
  ICD10: 'http://hl7.org/fhir/sid/icd-10',
  RXNORM: 'http://www.nlm.nih.gov/research/umls/rxnorm',
  ATC: 'http://www.whocc.no/atc',
};

/**
 * HL7's own tables, which every server knows: a code they lack makes it refuse the resource. So only codes that are in all editions of them;
 * what else a sender puts under such a name is a code of its own.
 */
const closed: Readonly<Record<string, { readonly uri: string; readonly codes: readonly string[] }>> = {
  HL70487: {
    uri: `${terminology}/v2-0487`,
    codes: (
      'ABS AMN ASP BBL BLD BLDA BLDCO BLDV BON BRTH BX CNL CSF CVM DIA DISCHG EFFUS EOS FIB FLD FLU GAST HAR IT LIQ MAR MILK MUCOS MUCUS NAIL OTH ' +
      'PLAS PLB PLC PLR PRP PUS RBC SAL SER SKN SMN SNV SPRM SPTC SPUT1 SPUTIN SPUTSP STL SWT TEAR TISS UR URC URINM WAT WBC WND'
    ).split(' '),
  },
  HL70490: { uri: `${terminology}/v2-0490`, codes: 'EX QS RB RC RD RE RH RI RM RN RP RR RS'.split(' ') },
};

const uriPattern = /^(https?:\/\/|urn:[a-z0-9][a-z0-9-]+:)[^\s"<>\\^`{|}]+$/i;
const oidPattern = /^urn:oid:[0-2](\.(0|[1-9]\d*)){4,}$/;
const uuidPattern = /^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Servers look into oids and uuids, and refuse what is none. */
function isUri(text: string): boolean {
  if (/^urn:oid:/i.test(text)) return oidPattern.test(text);
  return /^urn:uuid:/i.test(text) ? uuidPattern.test(text) : uriPattern.test(text);
}
const part = (text: string): string => encodeURIComponent((lineOf(text) ?? '').normalize('NFC'));

/** A sender's word may be `valueOf`, which every object has. */
const own = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** Uri of a coding system as a message names it; two hospitals' `L` are two systems. Undefined where none is named. */
export function codeSystemOf(
  { system: name, code }: { readonly system: string; readonly code: string },
  facility: string,
  settings: RenderSettings,
): string | undefined {
  const configured = own(settings.codeSystems, `${facility}|${name}`) ?? own(settings.codeSystems, name);
  if (configured !== undefined) return configured;
  const trimmed = lineOf(name);
  if (trimmed === null) return undefined;
  const local = `${settings.systemBase}/code/${part(facility)}/${part(trimmed)}`;
  const table = own(closed, trimmed.toUpperCase());
  if (table !== undefined) return table.codes.includes(code) ? table.uri : local;
  return own(known, trimmed.toUpperCase()) ?? (isUri(trimmed) ? trimmed : local);
}

/** Uri of our own codes. */
export const ownCodes = (settings: RenderSettings, ...names: readonly string[]): string =>
  [settings.systemBase, 'code', 'clinstream', ...names.map(part)].join('/');

/** Uri of identifiers: of orders by their authority, of models, of people who review. */
export const identifiersOf = (settings: RenderSettings, ...names: readonly string[]): string =>
  [settings.systemBase, 'id', ...names.map(part)].join('/');

export function patientSystemOf(facility: string, authority: string, settings: RenderSettings): string {
  return own(settings.patientSystems, `${facility}|${authority}`) ?? identifiersOf(settings, 'patient', facility, authority);
}

export const facilityOf = (patientKey: string): string => parsePatientKey(patientKey)?.facility ?? '';
