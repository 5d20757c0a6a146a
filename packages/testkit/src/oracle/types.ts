/** The words of the oracle: what was sent and acknowledged (`Sent…`), what the public doors show (`Seen…`), and the verdict. */
import type { Lane } from '@clinstream/contracts';

/** How a job came in. */
export type Door = 'http' | 'batch' | 'mllp';

/** The clock of one run, in milliseconds; only differences mean something. */
export type Moment = number;

/** One thing sent, once or again until acknowledged or given up. */
type Sent = {
  readonly door: Door;
  readonly patientKey: string;
  readonly firstSentAt: Moment;
  /** Null: never acknowledged, whatever the reason. */
  readonly acknowledgedAt: Moment | null;
};

/** One AI job. `orderId` is the name it carries through the system to the API; no two jobs share one. */
export type SentJob = Sent & {
  readonly orderId: string;
  readonly lane: Lane;
  readonly expected: { readonly label: string; readonly probability: number };
  /** As the answer said: `topic:partition:offset`; null where the door tells none. */
  readonly position: string | null;
};

/** One version of one laboratory result; versions of a result grow by one, and the value tells the version. */
export type SentResult = Sent & { readonly observationId: string; readonly version: number; readonly value: number };

/** One version of what is said of a person, told by ADT; versions of a person grow by one, and the given name tells the version. */
export type SentPerson = Sent & { readonly familyName: string; readonly version: number };
/** The record `patientKey` was merged into another. */
export type SentMerge = Sent & { readonly survivorKey: string };

export type SeenJob = {
  readonly jobId: string;
  readonly orderId: string | null;
  readonly patientKey: string | null;
  readonly status: string;
  readonly label: string | null;
  readonly probability: number | null;
  readonly failure: string | null;
  readonly version: number;
};
export type SeenResult = {
  readonly observationId: string;
  readonly patientKey: string;
  readonly value: number | null;
  readonly version: number;
};

export type SeenPerson = {
  readonly patientKey: string;
  /** Itself, unless merged. */
  readonly survivorKey: string;
  readonly familyName: string | null;
  /** Null: nothing is known, or no version of ours. */
  readonly version: number | null;
};

/** All jobs and results of one patient as they stood at one moment: each list read in one statement. Taken at `at`, that is, asked for after it. */
export type Snapshot = {
  readonly patientKey: string;
  readonly at: Moment;
  readonly jobs: readonly SeenJob[];
  readonly results: readonly SeenResult[];
  /** Null: unknown to the API. */
  readonly person: SeenPerson | null;
};

export type Evidence = {
  readonly jobs: readonly SentJob[];
  readonly results: readonly SentResult[];
  readonly people: readonly SentPerson[];
  readonly merges: readonly SentMerge[];
  /** All that is there once the system has settled. */
  readonly finalJobs: readonly SeenJob[];
  readonly finalResults: readonly SeenResult[];
  /** Of everybody in `people` and `merges` whom the API knows. */
  readonly finalPeople: readonly SeenPerson[];
  /** Orders that are shown under their own name, of those that acknowledged MLLP messages placed; null when nobody looked. */
  readonly shownOrders: ReadonlySet<string> | null;
  /** While it ran, in the order taken. */
  readonly snapshots: readonly Snapshot[];
  /** Orders of jobs in which their first ends stand in the log, per topic-partition; empty when nobody looked. */
  readonly endsInLog: readonly (readonly string[])[];
  /** Lanes whose results the log no longer holds from the start: what was removed stood before all that is there. Default none. */
  readonly cutLanes?: ReadonlySet<Lane>;
  /** Records about a job on the progress topic: each may raise a job's version once. */
  readonly progressOf: ReadonlyMap<string, number>;
  /** Names used by earlier runs on the same system: not invented, but not judged here. */
  readonly foreign?: ReadonlySet<string>;
};

export type Rules = {
  /** Codes a job may end with as failed under this fault; elsewhere a failed job is a wrong one. */
  readonly mayFailWith?: readonly string[];
  /** When a patient's jobs may overtake each other: the fault sends jobs through the retry tier, which promises no order. */
  readonly orderMayChange?: boolean;
};

export const findings = ['lost', 'doubled', 'invented', 'wrong', 'disordered', 'stale', 'half'] as const;
export type Finding = (typeof findings)[number];

export type Verdict = {
  readonly acknowledged: number;
  /** Not acknowledged, and there in full. */
  readonly unacknowledgedThere: number;
  /** Not acknowledged, and not there at all. */
  readonly unacknowledgedAbsent: number;
  readonly failed: number;
  /** Pairs whose order was checked. */
  readonly pairs: number;
  readonly snapshots: number;
  /** Patient records looked at in the end, as ADT told of them. */
  readonly people: number;
  /** Each with one line per case: names and numbers, enough to look for it. */
  readonly found: Readonly<Record<Finding, readonly string[]>>;
};

export const isClean = (verdict: Verdict): boolean => findings.every((finding) => verdict.found[finding].length === 0);
