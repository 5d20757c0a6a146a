/** Works to deliver in tests of the FHIR side: observations whose rendering is plain and whose source version is the test's to choose. */
import type { ObservationState } from '@clinstream/contracts';
import type { Delivered, DeliveryContext, Verdict, Work } from '../../delivery/target.ts';
import { ids } from '../../domain/fhir/ids.ts';
import { withSourceVersion } from '../../domain/fhir/source-version.ts';
import type { Rendered } from '../plan.ts';
import type { Resource } from '../resource.ts';

export type Said = {
  readonly id: string;
  readonly value: number;
  readonly version: number;
  readonly status?: string;
  readonly withPatient?: boolean;
};

/** The state says what `renderSaid` reads; nothing else of it is looked at. */
export function workOf(said: Said, more: Partial<Work> = {}): Work {
  const state = { observationId: said.id, patientKey: 'H1|A|1', said } as unknown as ObservationState;
  return {
    subject: { kind: 'observation', state },
    id: said.id,
    patientKey: 'H1|A|1',
    related: { patient: null, order: null, observations: [] },
    delivered: null,
    intent: null,
    force: false,
    changedAt: 0,
    attempts: 0,
    ...more,
  };
}

export const keyOfSaid = (id: string): string => `Observation/${ids.observation(id)}`;

export function renderSaid({ subject, patientKey }: Work): Rendered {
  const { id, value, version, status, withPatient } = (subject.state as unknown as { said: Said }).said;
  const resource = {
    resourceType: 'Observation' as const,
    id: ids.observation(id),
    status: (status ?? 'final') as 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '718-7' }] },
    valueQuantity: { value, unit: 'g/dL', system: 'http://unitsofmeasure.org', code: 'g/dL' },
  };
  const resources: Resource[] = [withSourceVersion(resource, version)];
  return { resources: withPatient ? [patientOf(patientKey), ...resources] : resources, held: null };
}

/** Identifier only, as the real one. */
export const patientOf = (patientKey: string): Resource => {
  const value = patientKey.split('|')[2] ?? '';
  const identifier = [{ system: 'urn:clinstream:test/id/patient/H1/A', value }];
  return withSourceVersion({ resourceType: 'Patient', id: ids.patient(patientKey), identifier }, 0);
};

/** A ledger of one process: what the dispatcher would keep between two calls. */
export function createLedger() {
  const delivered = new Map<string, Delivered>();
  const intents = new Map<string, NonNullable<Work['intent']>>();
  return {
    context: (signal: AbortSignal = new AbortController().signal): DeliveryContext => ({
      signal,
      intend: async (work, intent) => void intents.set(work.id, { ...intent, at: 0 }),
      publish: async () => {},
    }),
    work: (said: Said, more: Partial<Work> = {}): Work =>
      workOf(said, { delivered: delivered.get(said.id) ?? null, intent: intents.get(said.id) ?? null, ...more }),
    settle: (works: readonly Work[], verdicts: readonly Verdict[]): void => {
      for (const [index, verdict] of verdicts.entries()) {
        const id = works[index]?.id ?? '';
        if (verdict.outcome !== 'delivered') continue;
        const { outcome, digest, remoteId, remoteVersion, acknowledgement, memo } = verdict;
        delivered.set(id, { outcome, digest, remoteId, remoteVersion, acknowledgement, code: null, memo, at: 0 });
        intents.delete(id);
      }
    },
    intents,
  };
}
