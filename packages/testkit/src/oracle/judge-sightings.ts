/** What readers saw over time never goes back: whatever is replayed, redelivered or late, "not even for a moment". Pure. */
import type { Report } from './judge.ts';
import type { SeenJob, SeenPerson, SeenResult, Snapshot } from './types.ts';

const isEnded = (status: string): boolean => !['pending', 'queued', 'running'].includes(status);

/** Snapshots in the order they were taken, one reader: the next was asked for when the one before had been answered. */
export function judgeSightings(snapshots: readonly Snapshot[], report: Report): void {
  for (const [, sightings] of Map.groupBy(snapshots, (one) => one.patientKey)) {
    const known: Known = { jobs: new Map(), results: new Map(), person: null };
    for (const sighting of sightings) judgeSighting(known, sighting, report);
  }
}

/** What one reader saw last. */
type Known = {
  readonly jobs: Map<string, SeenJob>;
  readonly results: Map<string, SeenResult>;
  person: SeenPerson | null;
};

function judgeSighting(known: Known, { at, jobs, results, person }: Snapshot, report: Report): void {
  const stale = (line: string): void => report('stale', `${line}, seen at ${Math.round(at)}`);
  for (const job of jobs) judgeJob(known.jobs.get(job.jobId), job, stale);
  for (const result of results) judgeResult(known.results.get(result.observationId), result, stale);
  const present = new Set([...jobs.map((job) => job.jobId), ...results.map((result) => result.observationId)]);
  for (const name of [...known.jobs.keys(), ...known.results.keys()]) if (!present.has(name)) stale(`${name} is gone`);
  judgePerson(known.person, person, stale);
  known.person = person;
  for (const job of jobs) known.jobs.set(job.jobId, job);
  for (const result of results) known.results.set(result.observationId, result);
}

function judgePerson(before: SeenPerson | null, now: SeenPerson | null, stale: (line: string) => void): void {
  const [was, is] = [before?.version ?? 0, now?.version ?? 0];
  if (is < was) stale(`person ${before?.patientKey}: version ${was} became ${is}`);
}

function judgeJob(before: SeenJob | undefined, now: SeenJob, stale: (line: string) => void): void {
  if (before === undefined) return;
  const name = now.orderId ?? now.jobId;
  if (now.version < before.version) stale(`${name}: version ${before.version} became ${now.version}`);
  else if (isEnded(before.status) && !isEnded(now.status)) stale(`${name}: ${before.status} became ${now.status}`);
  else if (now.version === before.version && (now.status !== before.status || now.probability !== before.probability))
    stale(`${name}: other content under version ${now.version}`);
}

function judgeResult(before: SeenResult | undefined, now: SeenResult, stale: (line: string) => void): void {
  if (before === undefined) return;
  if (now.version < before.version) stale(`${now.observationId}: version ${before.version} became ${now.version}`);
  // Values of a result count up.
  else if ((now.value ?? 0) < (before.value ?? 0)) stale(`${now.observationId}: ${before.value} became ${now.value}`);
}
