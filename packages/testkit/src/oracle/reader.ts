/** The API as a reader uses it: all jobs, one patient's jobs, one patient's results, one fresh job. */
import { versionOfName } from './payloads.ts';
import type { SeenJob, SeenPerson, SeenResult, Snapshot } from './types.ts';

export type Reader = {
  /** Everything requested at or after that time. Rejects when the API does not answer. */
  allJobs(fromEpochMs: number): Promise<readonly SeenJob[]>;
  patientJobs(patientKey: string): Promise<readonly SeenJob[]>;
  /** Rejects when the API does not answer. */
  isOrderShown(orderId: string): Promise<boolean>;
  patientResults(patientKey: string): Promise<readonly SeenResult[]>;
  /** Null when the API does not know that patient. */
  person(patientKey: string): Promise<SeenPerson | null>;
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
type Timeline = Page<TimelineEntry> & {
  readonly survivor: string;
  readonly patients: readonly {
    readonly patientKey: string;
    readonly familyName: string | null;
    readonly givenName: string | null;
  }[];
};
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
  /** First page; null when the API does not know that patient. */
  const timeline = async (path: string): Promise<Timeline | null> => {
    const { status, body } = await get(path);
    if (status !== 200 && status !== 404) throw new Error(`timeline: ${status}`);
    return status === 404 ? null : (body as Timeline);
  };
  const pathOf = (patientKey: string, limit: number): string =>
    `/v1/patients/${encodeURIComponent(patientKey)}/timeline?limit=${limit}`;
  const patientTimeline = async (patientKey: string): Promise<Pick<Snapshot, 'results' | 'person'>> => {
    const path = pathOf(patientKey, 200);
    const first = await timeline(path);
    if (first === null) return { results: [], person: null };
    const entries = await allPages(path, first);
    return {
      results: entries.flatMap(({ observation }) => (observation ? [seenResult(observation)] : [])),
      person: seenPerson(patientKey, first),
    };
  };
  return {
    allJobs: async (fromEpochMs) => {
      const from = encodeURIComponent(new Date(fromEpochMs).toISOString());
      return (await allPages<Analysis>(`/v1/analyses?limit=200&from=${from}`)).map(seenJob);
    },
    patientJobs,
    patientResults: async (patientKey) => (await patientTimeline(patientKey)).results,
    async person(patientKey) {
      const first = await timeline(pathOf(patientKey, 1));
      return first === null ? null : seenPerson(patientKey, first);
    },
    async isOrderShown(orderId) {
      const { status } = await get(`/v1/orders/${orderId}`);
      if (status !== 200 && status !== 404) throw new Error(`order: ${status}`);
      return status === 200;
    },
    async snapshot(patientKey, now) {
      const at = now();
      const jobs = await patientJobs(patientKey);
      return { patientKey, at, jobs, ...(await patientTimeline(patientKey)) };
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

const seenPerson = (patientKey: string, { survivor, patients }: Timeline): SeenPerson => {
  const own = patients.find((patient) => patient.patientKey === patientKey);
  return {
    patientKey,
    survivorKey: survivor,
    familyName: own?.familyName ?? null,
    version: versionOfName(own?.givenName ?? null),
  };
};

const seenResult = ({ observationId, patientKey, version, value }: Observation): SeenResult => ({
  observationId,
  patientKey,
  version,
  value: value.numeric,
});
