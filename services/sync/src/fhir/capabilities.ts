/** What a CapabilityStatement says the server cannot do that we need. Pure; takes whatever the server sent. */
import { type JsonRecord, objectsIn, textIn } from './json.ts';

export type Capabilities = {
  /** Null when it is no CapabilityStatement. */
  readonly fhirVersion: string | null;
  /** One line each; empty when nothing is missing. */
  readonly lacks: readonly string[];
  readonly validates: boolean;
};

/** Types written; `Device` and `Provenance` come with AI results. */
export const writtenTypes = [
  ...['Patient', 'ServiceRequest', 'Specimen', 'Observation', 'DiagnosticReport', 'RiskAssessment', 'Provenance', 'Device'],
  ...['Task', 'MedicationRequest', 'DetectedIssue'],
] as const;

export const isR4 = (fhirVersion: string): boolean => /^4\.0(\.|$)/.test(fhirVersion);

export function readCapabilities(statement: JsonRecord | null): Capabilities {
  if (textIn(statement, 'resourceType') !== 'CapabilityStatement') return { fhirVersion: null, lacks: [], validates: false };
  const rest = objectsIn(statement, 'rest').find((one) => textIn(one, 'mode') === 'server');
  const resources = objectsIn(rest, 'resource');
  const lacks = [
    ...(codesIn(rest, 'interaction').has('transaction') ? [] : ['transaction: bundles cannot be written whole or not at all']),
    ...writtenTypes.flatMap((type) =>
      lacksOfType(
        resources.find((one) => textIn(one, 'type') === type),
        type,
      ),
    ),
  ];
  const validates = [rest, ...resources].some((one) => objectsIn(one, 'operation').some(isValidate));
  return { fhirVersion: textIn(statement, 'fhirVersion') ?? '', lacks, validates };
}

function lacksOfType(resource: JsonRecord | undefined, type: string): readonly string[] {
  if (resource === undefined) return [`${type}: the resource type is not offered`];
  const codes = codesIn(resource, 'interaction');
  const missing = ['read', 'update'].filter((code) => !codes.has(code));
  return [
    ...missing.map((code) => `${type}: ${code} is not offered`),
    // Many servers that do it do not say so, HAPI among them; the devices written at start show it.
    ...(resource['updateCreate'] !== false ? [] : [`${type}: a PUT to a new id may not create it (updateCreate)`]),
    ...(textIn(resource, 'versioning') === 'versioned-update' ? [] : [`${type}: If-Match is not kept (versioning)`]),
  ];
}

const codesIn = (part: JsonRecord | undefined, field: string): ReadonlySet<string> =>
  new Set(objectsIn(part, field).flatMap((one) => textIn(one, 'code') ?? []));

const isValidate = (operation: JsonRecord): boolean => textIn(operation, 'name') === 'validate';
