/**
 * What a run was worth, from what was acknowledged and what the public doors show. Pure.
 *
 *   lost        acknowledged, and not there, or there and not at its end
 *   doubled     two jobs for one sending, or more versions than there were events
 *   invented    there, and never sent
 *   wrong       another patient, label or probability than the payload asks for; failed where nothing may fail
 *   disordered  B, sent after A's acknowledgement, took effect before A: same patient, same topic
 *   stale       what a reader saw went back: a lower version, an ended job not ended, a row gone, other content under one version
 *   half        not acknowledged, and there only in part
 *
 * Not seen: an effect that repeats itself without any trace in what a reader or the log can see.
 */
import { judgeOrder } from './judge-order.ts';
import { judgePeople } from './judge-people.ts';
import { judgeResults } from './judge-results.ts';
import { judgeSightings } from './judge-sightings.ts';
import { type Evidence, type Finding, findings, type Rules, type SeenJob, type SentJob, type Verdict } from './types.ts';

export type Report = (finding: Finding, line: string) => void;

export function judge(evidence: Evidence, rules: Rules = {}): Verdict {
  const found = Object.fromEntries(findings.map((finding) => [finding, [] as string[]])) as Record<Finding, string[]>;
  const report: Report = (finding, line) => void found[finding].push(line);
  const shown = Map.groupBy(evidence.finalJobs, (job) => job.orderId ?? '');
  const jobs = judgeJobs(evidence, shown, rules, report);
  judgeInvented(evidence, report);
  judgeOrders(evidence, report);
  const results = judgeResults(evidence, report);
  const people = judgePeople(evidence, report);
  const pairs = rules.orderMayChange ? 0 : judgeOrder(evidence, report);
  judgeSightings(evidence.snapshots, report);
  return {
    acknowledged: sentIn(evidence).filter((sent) => sent.acknowledgedAt !== null).length,
    unacknowledgedThere: jobs.there + results.there + people.there,
    unacknowledgedAbsent: jobs.absent + results.absent + people.absent,
    failed: evidence.finalJobs.filter((job) => job.status === 'failed').length,
    pairs,
    snapshots: evidence.snapshots.length,
    people: evidence.finalPeople.length,
    found,
  };
}

const sentIn = ({ jobs, results, people, merges }: Evidence) => [...jobs, ...results, ...people, ...merges];

function judgeJobs(evidence: Evidence, shown: ReadonlyMap<string, readonly SeenJob[]>, rules: Rules, report: Report) {
  const counts = { there: 0, absent: 0 };
  for (const job of evidence.jobs) {
    const [seen, ...more] = shown.get(job.orderId) ?? [];
    for (const other of more) report('doubled', `${job.orderId}: also as job ${other.jobId}`);
    if (seen === undefined || !isEnded(seen)) judgeMissing(job, seen, report);
    else judgeEnded(job, seen, { rules, events: 2 + (evidence.progressOf.get(seen.jobId) ?? 0) }, report);
    if (job.acknowledgedAt === null) counts[seen === undefined ? 'absent' : 'there']++;
  }
  return counts;
}

function judgeMissing(job: SentJob, seen: SeenJob | undefined, report: Report): void {
  const what = `${job.orderId} by ${job.door}: ${seen === undefined ? 'not there' : `still ${seen.status}`}`;
  if (job.acknowledgedAt !== null) report('lost', what);
  else if (seen !== undefined) report('half', what);
}

type Asked = { readonly rules: Rules; readonly events: number };

function judgeEnded(job: SentJob, seen: SeenJob, { rules, events }: Asked, report: Report): void {
  judgeContent(job, seen, rules, report);
  if (seen.version > events) report('doubled', `${job.orderId}: version ${seen.version}, where ${events} events were`);
}

const isEnded = ({ status }: SeenJob): boolean => ['completed', 'abstained', 'failed', 'cancelled'].includes(status);

function judgeContent(job: SentJob, seen: SeenJob, { mayFailWith = [] }: Rules, report: Report): void {
  if (seen.patientKey !== job.patientKey) report('wrong', `${job.orderId}: shown under another patient`);
  if (seen.status === 'failed' && mayFailWith.includes(seen.failure ?? '')) return;
  if (seen.status !== 'completed') {
    report('wrong', `${job.orderId}: ${seen.status} ${seen.failure ?? ''}`);
    return;
  }
  const { label, probability } = job.expected;
  if (seen.label !== label || Math.abs((seen.probability ?? Number.NaN) - probability) > 1e-5 || seen.probability === null) {
    report('wrong', `${job.orderId}: ${seen.label} ${seen.probability}, not ${label} ${probability}`);
  }
}

/** An order message makes two facts, the order and its job: both must be there. */
function judgeOrders({ jobs, shownOrders }: Evidence, report: Report): void {
  if (shownOrders === null) return;
  for (const { door, orderId, acknowledgedAt } of jobs) {
    if (door === 'mllp' && acknowledgedAt !== null && !shownOrders.has(orderId)) report('lost', `order ${orderId}: not there`);
  }
}

function judgeInvented({ jobs, results, finalJobs, finalResults, foreign = new Set() }: Evidence, report: Report): void {
  const sent = new Set([...jobs.map((job) => job.orderId), ...results.map((result) => result.observationId)]);
  const isKnown = (name: string | null): boolean => name !== null && (sent.has(name) || foreign.has(name));
  for (const job of finalJobs) if (!isKnown(job.orderId)) report('invented', `job ${job.jobId} of order ${job.orderId}`);
  for (const { observationId } of finalResults) if (!isKnown(observationId)) report('invented', `result ${observationId}`);
}
