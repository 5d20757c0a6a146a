/**
 * What one work asks of the server: its current state rendered, held against what the ledger says stands there. Pure.
 * A resource whose content is as remembered is not sent (facts 6.2); one that changed carries If-Match with the version remembered.
 */
import { sha256 } from '@clinstream/contracts';
import type { JsonObject, Verdict, Work } from '../delivery/target.ts';
import { canonicalDigest } from '../domain/fhir/source-version.ts';
import { isObject, textIn } from './json.ts';
import { keyOf, type Resource } from './resource.ts';

/** A resource to write, by PUT to its own id. */
export type Entry = {
  /** `Type/id`. */
  readonly key: string;
  readonly resource: Resource;
  readonly digest: string;
  /** Version it must still have there; null where none is remembered. */
  readonly ifMatch: string | null;
};

/** What stands there of a work, by `Type/id`; the target's memo in the ledger. */
export type Memo = { readonly resources: Readonly<Record<string, { readonly digest: string; readonly version: string | null }>> };

export type Plan = {
  readonly work: Work;
  readonly all: readonly Entry[];
  /** Of `all`, what differs from what stands there. */
  readonly changed: readonly Entry[];
  readonly memo: Memo;
  /** Of the whole content. */
  readonly digest: string;
  readonly held: string | null;
};

export type Rendered = { readonly resources: readonly Resource[]; readonly held: string | null };

export function planOf(work: Work, rendered: Rendered): Plan {
  const memo = readMemo(work.delivered?.memo ?? null);
  const all = rendered.resources.map((resource): Entry => {
    const key = keyOf(resource);
    return { key, resource, digest: canonicalDigest(resource), ifMatch: memo.resources[key]?.version ?? null };
  });
  // A force sends all; what was sent and never answered may or may not stand there, so that nothing remembered counts as unchanged then.
  const changed = all.filter((entry) => work.force || work.intent !== null || memo.resources[entry.key]?.digest !== entry.digest);
  const digest = sha256(all.map((entry) => `${entry.key} ${entry.digest}`).join('\n'));
  return { work, all, changed, memo, digest, held: rendered.held };
}

/** Tolerant: a memo of another shape is as none, everything is looked at anew. */
export function readMemo(memo: JsonObject | null): Memo {
  const resources: Record<string, { digest: string; version: string | null }> = {};
  const stored = memo?.['resources'];
  for (const [key, value] of Object.entries(isObject(stored) ? stored : {})) {
    const digest = textIn(value, 'digest');
    if (digest !== null) resources[key] = { digest, version: textIn(value, 'version') };
  }
  return { resources };
}

/** What stands under a `Type/id` on the server, as far as this call has seen; digest null: something else than any of our renderings. */
export type Standing = { readonly version: string | null; readonly digest: string | null };
export type Known = ReadonlyMap<string, Standing>;

/** The memo afterwards: what is still rendered as it now stands, and what was there before for the rest. */
function nextMemo(plan: Plan, known: Known): JsonObject {
  const resources = { ...plan.memo.resources };
  for (const { key } of plan.all) {
    const standing = known.get(key);
    if (standing?.digest) resources[key] = { digest: standing.digest, version: standing.version };
  }
  return { resources };
}

/** Nothing is left to be written, or all of it was: how this work ends. `sent`: the keys that left us in this call. */
export function settledVerdict(plan: Plan, known: Known, sent: ReadonlySet<string>): Verdict {
  const memo = nextMemo(plan, known);
  if (plan.held !== null) return { outcome: 'held', code: plan.held, memo };
  const main = mainOf(plan);
  const wasSent = plan.changed.some(({ key }) => sent.has(key));
  return {
    outcome: 'delivered',
    sent: wasSent,
    digest: plan.digest,
    remoteId: main?.key ?? null,
    remoteVersion: main === null ? null : (known.get(main.key)?.version ?? plan.memo.resources[main.key]?.version ?? null),
    acknowledgement: wasSent ? '200' : (plan.work.delivered?.acknowledgement ?? null),
    memo,
  };
}

const mainTypes: Readonly<Record<Work['subject']['kind'], readonly string[]>> = {
  patient: ['Patient'],
  order: ['ServiceRequest', 'MedicationRequest'],
  observation: ['Observation'],
  analysis: ['DiagnosticReport', 'RiskAssessment', 'Observation', 'Task'],
};

/** The resource people look for first. */
function mainOf(plan: Plan): Entry | null {
  for (const type of mainTypes[plan.work.subject.kind]) {
    const found = plan.all.find((entry) => entry.resource.resourceType === type);
    if (found !== undefined) return found;
  }
  return plan.all[0] ?? null;
}
