/** The API as a reader uses it: all jobs, one patient's jobs, one patient's results, one fresh job. */
import type { SeenJob, SeenResult, Snapshot } from './types.ts';

export type Reader = {
  /** Everything requested at or after that time. Rejects when the API does not answer. */
  allJobs(fromEpochMs: number): Promise<readonly SeenJob[]>;
  patientJobs(patientKey: string): Promise<readonly SeenJob[]>;
  /** Rejects when the API does not answer. */
  isOrderShown(orderId: string): Promise<boolean>;
  patientResults(patientKey: string): Promise<readonly SeenResult[]>;
  snapshot(patientKey: string, now: () => number): Promise<Snapshot>;
  /** Status of a job, waiting up to `waitSeconds` for its end; null when the API does not answer or does not know it. */
  statusOf(jobId: string, waitSeconds: number): Promise<string | null>;
};

export type ReaderOptions = { readonly url: string; readonly token: string; readonly timeoutMs: number };

type Analysis = {
  readonly jobId: string;
  readonly orderId: string | null;
  readonly patientKey: string | null;
  readonly status: string;
  readonly version: number;
  readonly prediction: { readonly label: string; readonly probability: number } | null;
  readonly failure: { readonly code: string } | null;
};
type Observation = {
  readonly observationId: string;
  readonly patientKey: string;
  readonly version: number;
  readonly value: { readonly numeric: number | null };
};
type Page<T> = { readonly items: readonly T[]; readonly next: string | null };
type TimelineEntry = { readonly observation?: Observation };

export function createReader({ url, token, timeoutMs }: ReaderOptions): Reader {
  const get = async (path: string, patience = timeoutMs): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`${url}${path}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(patience),
    });
    return { status: response.status, body: await response.json() };
  };
  const getOk = async <T>(path: string): Promise<T> => {
    const { status, body } = await get(path);
    if (status !== 200) throw new Error(`GET ${path}: ${status}`);
    return body as T;
  };
  /** Newest first, to the last page: what is left out would count as gone. */
  const allPages = async <T>(path: string, firstPage?: Page<T>): Promise<readonly T[]> => {
    const all: T[] = [];
    for (let page = firstPage ?? (await getOk<Page<T>>(path)); ; ) {
      all.push(...page.items);
      if (page.next === null) return all;
      page = await getOk<Page<T>>(`${path}&cursor=${encodeURIComponent(page.next)}`);
    }
  };
  const patientJobs: Reader['patientJobs'] = async (patientKey) =>
    (await allPages<Analysis>(`/v1/analyses?limit=200&patient=${encodeURIComponent(patientKey)}`)).map(seenJob);
  const patientResults: Reader['patientResults'] = async (patientKey) => {
    const path = `/v1/patients/${encodeURIComponent(patientKey)}/timeline?limit=200`;
    const { status, body } = await get(path);
    if (status === 404) return [];
    if (status !== 200) throw new Error(`timeline: ${status}`);
    const entries = await allPages(path, body as Page<TimelineEntry>);
    return entries.flatMap(({ observation }) => (observation ? [seenResult(observation)] : []));
  };
  return {
    allJobs: async (fromEpochMs) => {
      const from = encodeURIComponent(new Date(fromEpochMs).toISOString());
      return (await allPages<Analysis>(`/v1/analyses?limit=200&from=${from}`)).map(seenJob);
    },
    patientJobs,
    patientResults,
    async isOrderShown(orderId) {
      const { status } = await get(`/v1/orders/${orderId}`);
      if (status !== 200 && status !== 404) throw new Error(`order: ${status}`);
      return status === 200;
    },
    async snapshot(patientKey, now) {
      const at = now();
      const jobs = await patientJobs(patientKey);
      return { patientKey, at, jobs, results: await patientResults(patientKey) };
    },
    async statusOf(jobId, waitSeconds) {
      try {
        const { status, body } = await get(`/v1/analyses/${jobId}?wait=${waitSeconds}`, waitSeconds * 1000 + timeoutMs);
        return status === 200 ? (body as Analysis).status : null;
      } catch {
        return null;
      }
    },
  };
}

const seenJob = ({ jobId, orderId, patientKey, status, version, prediction, failure }: Analysis): SeenJob => ({
  jobId,
  orderId,
  patientKey,
  status,
  version,
  label: prediction?.label ?? null,
  probability: prediction?.probability ?? null,
  failure: failure?.code ?? null,
});

const seenResult = ({ observationId, patientKey, version, value }: Observation): SeenResult => ({
  observationId,
  patientKey,
  version,
  value: value.numeric,
});
