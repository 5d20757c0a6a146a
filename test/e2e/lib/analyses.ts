/** Asking for analyses and reading what became of them, through the doors. */
import { inputsOf } from './cases.ts';
import { bodyOf, type House } from './house.ts';

export type Accepted = {
  readonly jobId: string;
  readonly position: string;
  readonly lane: string;
  readonly links: { readonly self: string; readonly events: string };
};

export type View = {
  readonly jobId: string;
  readonly status: string;
  readonly version: number;
  readonly patientKey: string | null;
  readonly model: { readonly name: string; readonly version: string | null; readonly digest: string | null } | null;
  readonly priority: string;
  readonly orderId: string | null;
  readonly attempt: number;
  readonly prediction: { readonly label: string; readonly probability: number; readonly margin: number | null } | null;
  readonly evidence: {
    readonly baseValue: number;
    readonly inputs: readonly { readonly name: string; readonly unit: string | null; readonly value: number }[];
  } | null;
  readonly reasons: readonly string[];
  readonly failure: { readonly code: string; readonly input: string | null } | null;
  readonly stale: boolean;
  readonly staleInputs: readonly string[];
  readonly generation: number;
  readonly review: { readonly status: string; readonly by: string | null; readonly comment: string | null } | null;
  readonly released: { readonly generation: number } | null;
  readonly requestedAt: string | null;
  readonly endedAt: string | null;
};

export const patient = (id: string) => ({ facility: 'SEOUL', authority: 'MRN', id });

export const analysisOf = (id: string, index: number, more: object = {}) => ({
  patient: patient(id),
  model: 'breast-cancer',
  inputs: inputsOf(index),
  ...more,
});

/** Accepted, or the test fails. */
export async function submit(house: House, body: object, key?: string): Promise<Accepted> {
  const headers = key === undefined ? {} : { 'idempotency-key': key };
  return bodyOf<Accepted>(await house.ingest('/v1/analyses', { body, headers }), 202);
}

/** The job once it ended, by a long poll. */
export async function resultOf(house: House, { jobId, position }: Pick<Accepted, 'jobId' | 'position'>): Promise<View> {
  return bodyOf<View>(await house.api(`/v1/analyses/${jobId}?wait=60&position=${position}`), 200);
}

/** A fresh job goes all the way: what every test of trouble ends with. */
export const freshResult = async (house: House, index: number): Promise<View> =>
  resultOf(house, await submit(house, analysisOf(`fresh-${index}`, index)));

/** Every analysis there is, page by page. */
export async function listAll(house: House, query = ''): Promise<readonly View[]> {
  const views: View[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const next: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: { items: View[]; next: string | null } = bodyOf(await house.api(`/v1/analyses?limit=200${query}${next}`), 200);
    views.push(...page.items);
    cursor = page.next;
  }
  return views;
}

export type Queues = { readonly lanes: readonly { readonly lane: string; readonly waiting: number; readonly running: number }[] };
export const queuesOf = async (house: House): Promise<Queues> => bodyOf(await house.api('/v1/queues'), 200);
