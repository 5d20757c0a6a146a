/** Deterministic ids of resources: the same source id is the same resource, whoever renders it and however often. Pure. */
import { deterministicId } from '@clinstream/contracts';
import type { AnyResource } from './types.ts';

export type ResourceType = AnyResource['resourceType'];

/** A uuid over the kind of resource and what it stands for; never numeric, which HAPI refuses. */
export const fhirIdOf = (type: ResourceType, ...source: readonly string[]): string => deterministicId('fhir', type, ...source);

export const referenceTo = (resource: AnyResource): string => `${resource.resourceType}/${resource.id ?? ''}`;

export const ids = {
  patient: (patientKey: string) => fhirIdOf('Patient', patientKey),
  serviceRequest: (orderId: string) => fhirIdOf('ServiceRequest', orderId),
  medicationRequest: (orderId: string) => fhirIdOf('MedicationRequest', orderId),
  specimen: (orderId: string) => fhirIdOf('Specimen', orderId),
  orderIssue: (orderId: string) => fhirIdOf('DetectedIssue', 'order-number', orderId),
  staleIssue: (jobId: string) => fhirIdOf('DetectedIssue', 'stale-result', jobId),
  observation: (observationId: string) => fhirIdOf('Observation', 'result', observationId),
  prediction: (jobId: string) => fhirIdOf('Observation', 'prediction', jobId),
  evidence: (jobId: string) => fhirIdOf('Observation', 'evidence', jobId),
  report: (jobId: string) => fhirIdOf('DiagnosticReport', jobId),
  risk: (jobId: string) => fhirIdOf('RiskAssessment', jobId),
  task: (jobId: string) => fhirIdOf('Task', jobId),
  /** Of one computed result: an approved successor has a provenance of its own and the former one stays true. */
  provenance: (jobId: string, generation: number, attempt: number) =>
    fhirIdOf('Provenance', jobId, String(generation), String(attempt)),
  /** Of one file of one version: other bytes under the same version are another device. */
  device: (name: string, version: string, digest: string) => fhirIdOf('Device', name, version, digest),
} as const;
