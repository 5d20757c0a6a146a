/** What the hospital's systems and the API show of a day, read as anybody may: FHIR histories and searches, the laboratory's record, GET /v1/deliveries. */
import type { HospitalEvidence, SeenMessage, SeenResource } from '@clinstream/testkit/oracle/index';
import { ask } from './ask.ts';
import type { Arrived, Hospital } from './hospital.ts';
import type { HospitalDay } from './hospital-load.ts';
import type { Rig } from './rig.ts';

export async function gatherHospital(hospital: Hospital, day: HospitalDay): Promise<HospitalEvidence> {
  const names = new Set(day.orders.map(({ placerNumber }) => placerNumber));
  return {
    resources: day.resources,
    orders: day.orders,
    seenResources: await readResources(hospital, day),
    messages: hospital.lab
      .received()
      // Those of other days are theirs to judge.
      .filter(
        ({ placerNumber }) => names.has(placerNumber) || day.patients.some((patient) => placerNumber.startsWith(`${patient}`)),
      )
      .map(seenMessage),
  };
}

const stages: Readonly<Record<string, number>> = { NW: 0, XO: 1, CA: 2, DC: 2 };
const seenMessage = ({ placerNumber, control, controlId, bytes }: Arrived): SeenMessage => {
  const content = bytes.toString('utf8');
  return {
    ...{ placerNumber, control, controlId, content },
    // An order amended before it was sent comes as new, with the amendment.
    stage: control === 'NW' && content.includes('amended') ? 1 : (stages[control] ?? -1),
  };
};

/** Every version of what is expected, and of all else the server has of those patients. */
export async function readResources({ fhir }: Hospital, day: HospitalDay): Promise<readonly SeenResource[]> {
  const found = await inTurn(day.patients, (patient) => searchPatient(fhir.baseUrl, patient));
  const paths = new Set([...day.resources.map(({ path }) => path), ...found.flat()]);
  const seen = await inTurn([...paths], async (path) => ({ path, versions: await historyOf(fhir.baseUrl, path) }));
  return seen.filter(({ versions }) => versions.length > 0);
}

type Resource = { readonly resourceType: string; readonly id: string; readonly [field: string]: unknown };
type Bundle = { readonly entry?: readonly { readonly resource?: Resource }[] };

async function read(url: string): Promise<Bundle> {
  const response = await fetch(url, { headers: { accept: 'application/fhir+json', 'cache-control': 'no-cache' } });
  if (response.status === 404) return {};
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return (await response.json()) as Bundle;
}
const resourcesIn = ({ entry = [] }: Bundle): readonly Resource[] => entry.flatMap(({ resource }) => resource ?? []);

const searched = ['ServiceRequest', 'Observation', 'DiagnosticReport', 'Task'];

async function searchPatient(baseUrl: string, patient: string): Promise<readonly string[]> {
  const bundles = await inTurn(
    [`Patient?identifier=${patient}`, ...searched.map((type) => `${type}?patient.identifier=${patient}`)],
    (query) => read(`${baseUrl}/${query}&_count=200`),
  );
  return bundles.flatMap(resourcesIn).map(({ resourceType, id }) => `${resourceType}/${id}`);
}

async function historyOf(baseUrl: string, path: string): Promise<SeenResource['versions']> {
  const newestFirst = resourcesIn(await read(`${baseUrl}/${path}/_history?_count=200`));
  return newestFirst.toReversed().map(({ meta: _, ...resource }) => ({
    stage: stageOf(resource),
    content: JSON.stringify(resource),
  }));
}

/** Of a Task: asked for, under way, ended, reviewed. */
const taskStages: Readonly<Record<string, number>> = { requested: 0, 'in-progress': 1 };

function stageOf(resource: Omit<Resource, 'meta'>): number {
  const { resourceType, status } = resource;
  if (resourceType === 'Task')
    return JSON.stringify(resource['businessStatus'] ?? '').includes('"approved"') ? 3 : (taskStages[`${status}`] ?? 2);
  if (resourceType === 'ServiceRequest') {
    const isLast = status === 'revoked' || status === 'completed' || JSON.stringify(resource['note'] ?? '').includes('amended');
    return isLast ? 1 : 0;
  }
  return resourceType === 'Observation' && status === 'corrected' ? 1 : 0;
}

export type Delivery = { readonly subjectId: string; readonly outcome: string; readonly code: string | null };

/** What the API shows of these orders at the laboratory; newest outcome of each. */
export async function ordersAtLaboratory({ api }: Rig, day: Pick<HospitalDay, 'orders'>): Promise<ReadonlyMap<string, Delivery>> {
  const shown = await inTurn(day.orders, async ({ orderId, placerNumber }) => {
    const { body } = await ask<{ items: readonly Delivery[] }>(
      api,
      `/v1/deliveries?target=lis&subjectId=${encodeURIComponent(orderId)}`,
    );
    return body.items.slice(0, 1).map((delivery) => [placerNumber, delivery] as const);
  });
  return new Map(shown.flat());
}

/** Held: cancelled before the laboratory ever heard of it. */
export const isEnded = (outcome: string | undefined): boolean => outcome === 'delivered' || outcome === 'held';

export async function isAllAtLaboratory(rig: Rig, day: Pick<HospitalDay, 'orders'>): Promise<boolean> {
  const told = await ordersAtLaboratory(rig, day);
  return day.orders.every(({ placerNumber }) => isEnded(told.get(placerNumber)?.outcome));
}

/** One after another: a crowd of readers is no part of the fault. */
async function inTurn<T, R>(all: readonly T[], read: (one: T) => Promise<R>): Promise<readonly R[]> {
  const got: R[] = [];
  for (const one of all) got.push(await read(one));
  return got;
}
