/**
 * Whether we may work and commit, as far as we can know. Pure.
 *
 *   out ──joining──> joining ──joined──> member ──joining──> joining …
 *    ^                  │                   │
 *    └─────── left ─────┴──────── left ─────┘
 *
 * Fenced: out, or silent for so long that the coordinator may have given our partitions away. Then nothing new may be started.
 */
export type Membership = {
  joining(): void;
  /** True when nobody else can have owned our partitions since the last assignment: same member id, one join in between. */
  joined(memberId: string): boolean;
  /** A heartbeat was answered. */
  alive(): void;
  left(): void;
  tick(): void;
  /** Not between the begin of a join and its assignment, and not when fenced. */
  mayCommit(): boolean;
};

export type MembershipOptions = {
  readonly now: () => number;
  readonly sessionTimeoutMs: number;
  /** While a join is under way the coordinator waits this long for us. */
  readonly rebalanceTimeoutMs: number;
  readonly onFenced: (isFenced: boolean) => void;
};

export function createMembership({ now, sessionTimeoutMs, rebalanceTimeoutMs, onFenced }: MembershipOptions): Membership {
  let state: 'out' | 'joining' | 'member' = 'out';
  let memberId: string | null = null;
  let joins = 0;
  let lastAliveAt = 0;
  let isFenced = true;
  const setFenced = (fenced: boolean): void => {
    if (fenced === isFenced) return;
    isFenced = fenced;
    onFenced(fenced);
  };
  return {
    joining() {
      joins++;
      state = 'joining';
    },
    joined(member) {
      const isContinuous = joins === 1 && member === memberId;
      joins = 0;
      memberId = member;
      state = 'member';
      lastAliveAt = now();
      return isContinuous;
    },
    alive() {
      lastAliveAt = now();
      if (state === 'member') setFenced(false);
    },
    left() {
      state = 'out';
      memberId = null;
      joins = 0;
      setFenced(true);
    },
    tick() {
      const patienceMs = state === 'joining' ? rebalanceTimeoutMs : sessionTimeoutMs;
      if (now() - lastAliveAt > patienceMs) setFenced(true);
    },
    mayCommit: () => state === 'member' && !isFenced,
  };
}
