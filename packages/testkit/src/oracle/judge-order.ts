/**
 * Order per patient and topic: A acknowledged before B was first sent, so A takes effect first. Checked in three places: the places in the log
 * that the answers named, the first ends in the log, and what a reader saw at one moment (B ended while A is not). Pure.
 * Sent means sent for the first time, acknowledged means in whatever try: retries never excuse.
 * Where a log was cut, jobs that never ended are left out, as lost ones, and ends that were removed count as standing before all others.
 */
import { parseLogPosition } from '@clinstream/contracts';
import type { Report } from './judge.ts';
import type { Evidence, SentJob } from './types.ts';

type Pair = { readonly before: SentJob; readonly after: SentJob };

/** Returns how many pairs there were. */
export function judgeOrder(evidence: Evidence, report: Report): number {
  const byTopic = Map.groupBy(judgeable(evidence), (job) => `${job.patientKey} ${job.lane}`);
  const pairs = [...byTopic.values()].flatMap(pairsOf);
  const endAt = new Map(evidence.endsInLog.flatMap((ends) => ends.map((orderId, index) => [orderId, { ends, index }] as const)));
  for (const { before, after } of pairs) {
    const what = `${after.orderId} before ${before.orderId}`;
    const [placeOfBefore, placeOfAfter] = [before, after].map(({ position }) => parseLogPosition(position ?? ''));
    if (placeOfBefore && placeOfAfter && !isBehind(placeOfBefore, placeOfAfter)) report('disordered', `${what} in the requests`);
    const isCut = evidence.cutLanes?.has(after.lane) ?? false;
    if (isSwapped(endAt.get(before.orderId), endAt.get(after.orderId), isCut)) report('disordered', `${what} in the results`);
  }
  judgeSnapshots(evidence, pairs, report);
  return pairs.length;
}

/** Without those that a cut log may have lost: the ledger counts them elsewhere, and no order is left to judge. */
function judgeable({ jobs, finalJobs, cutLanes = new Set() }: Evidence): readonly SentJob[] {
  const ended = new Set(finalJobs.filter(({ status }) => isEnded(status)).map(({ orderId }) => orderId));
  return jobs.filter((job) => !cutLanes.has(job.lane) || ended.has(job.orderId));
}

const isEnded = (status: string): boolean => !['pending', 'queued', 'running'].includes(status);

type End = { readonly ends: readonly string[]; readonly index: number };

function isSwapped(before: End | undefined, after: End | undefined, isCut: boolean): boolean {
  if (before && after) return before.ends !== after.ends || before.index > after.index;
  return isCut ? before !== undefined : after !== undefined;
}

/** Neighbours are enough, because "before" carries over: of those acknowledged before B was sent, the ones acknowledged last. */
function pairsOf(jobs: readonly SentJob[]): readonly Pair[] {
  const acknowledged = jobs.filter((job) => job.acknowledgedAt !== null);
  return jobs.flatMap((after) => {
    const earlier = acknowledged.filter((job) => (job.acknowledgedAt ?? 0) < after.firstSentAt);
    const lastSent = Math.max(...earlier.map((job) => job.firstSentAt));
    return earlier.filter((job) => (job.acknowledgedAt ?? 0) >= lastSent).map((before) => ({ before, after }));
  });
}

type Place = NonNullable<ReturnType<typeof parseLogPosition>>;
const isBehind = (a: Place, b: Place): boolean => a.topic === b.topic && a.partition === b.partition && a.offset < b.offset;

function judgeSnapshots({ snapshots }: Evidence, pairs: readonly Pair[], report: Report): void {
  const byPatient = Map.groupBy(pairs, ({ after }) => after.patientKey);
  for (const { patientKey, jobs, at } of snapshots) {
    const ended = new Set(jobs.filter((job) => job.status === 'completed' || job.status === 'failed').map((job) => job.orderId));
    for (const { before, after } of byPatient.get(patientKey) ?? []) {
      if (ended.has(after.orderId) && !ended.has(before.orderId))
        report('disordered', `${after.orderId} before ${before.orderId}, seen at ${Math.round(at)}`);
    }
  }
}
