/** What a fault is: data about it, and one function that breaks the rig and heals it again while the load runs. */
import type { Answer, Random, Rules, Verdict } from '@clinstream/testkit/oracle/index';
import type { Rig, RigKind } from './rig.ts';

export type FaultContext = {
  readonly rig: Rig;
  readonly random: Random;
  /** Moments of this run, as the ledger counts them. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Rejects with what was not so in time. */
  until(what: string, condition: () => boolean | Promise<boolean>, deadlineMs?: number): Promise<void>;
  /** How the doors answered so far. */
  answers(): readonly Answer[];
  /** Names of jobs the fault sends by itself, beside the ledger: not judged, and not invented. */
  sends(orderIds: readonly string[]): void;
  /** Something the fault itself found not to be as it must: the run fails. */
  complain(what: string): void;
  /** Shown beside the ledger. */
  note(what: string): void;
};

export type Fault = {
  readonly name: string;
  readonly about: string;
  readonly rig: RigKind;
  /** Jobs and results per second of the load beside it, where the usual is too much. */
  readonly rate?: number;
  readonly rules?: FaultRules;
  /** Resolves at the moment everything is healed: processes started, links whole. Recovery is counted from then. */
  readonly inject: (context: FaultContext) => Promise<void>;
  /** Why it cannot be run on this machine; null when it can. */
  readonly hindrance?: () => string | null;
  /** The rig is of no use afterwards. */
  readonly spoils?: boolean;
  /** Not part of a soak: takes the system to where a person must act, or takes too long. */
  readonly alone?: boolean;
  /** Made of two that are in the whole run by themselves: drawn by the soak, or run by name. */
  readonly isPair?: boolean;
};

export type FaultRules = Rules & {
  /** Readers may see older states while it lasts: the store itself was set back. */
  readonly readersMaySeeBack?: boolean;
  /** Acknowledged things may be lost, at most as many as this finds counted and alarmed. */
  readonly countedLosses?: (context: FaultContext) => Promise<number>;
  /** The fault ends with the system refusing to work: no fresh event, no ledger. */
  readonly endsRefusing?: boolean;
  /** Longest wait for the acknowledged to end; default 60 s. */
  readonly settleMs?: number;
};

export type FaultResult = {
  readonly name: string;
  readonly verdict: Verdict | null;
  readonly recoveryMs: number | null;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  readonly seconds: number;
};
