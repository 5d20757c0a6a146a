/** Test only. A target that keeps what it was told, in order, and fails as it is told to. */
import { sha256 } from '@clinstream/contracts';
import { AppError } from '@clinstream/runtime/errors';
import type { DeliveryContext, Target, Verdict, Work } from '../src/delivery/target.ts';

export type Told = { readonly id: string; readonly patientKey: string; readonly status: string; readonly work: Work };
type Deliver = (works: readonly Work[], context: DeliveryContext) => Promise<readonly Verdict[]>;

export const digestOf = (work: Work): string => sha256(JSON.stringify({ ...work.subject.state, version: 0 }));
export const away = (retryAfterMs?: number): AppError =>
  new AppError({
    code: 'TARGET_AWAY',
    kind: 'retryable',
    scope: 'dependency',
    stage: 'outbound',
    message: 'away',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });

/** What several instances of a target talk to. */
export function createOutside() {
  const told: Told[] = [];
  const inFlight = new Map<string, number>();
  const faults: string[] = [];
  return {
    told,
    faults,
    /** Per subject the states it was shown, oldest first. */
    shown: (id: string): readonly string[] => told.filter((one) => one.id === id).map(({ status }) => status),
    enter(patientKey: string): void {
      const now = (inFlight.get(patientKey) ?? 0) + 1;
      inFlight.set(patientKey, now);
      if (now > 1) faults.push(`${now} at once`);
    },
    leave: (patientKey: string): void => void inFlight.set(patientKey, (inFlight.get(patientKey) ?? 0) - 1),
  };
}
export type Outside = ReturnType<typeof createOutside>;

export type ScriptedTarget = Target & {
  /** Null: as it should be. */
  behave(deliver: Deliver | null): void;
  isAway: boolean;
  probes: number;
};

export const statusOf = ({ subject }: Work): string =>
  subject.kind === 'patient' ? String(subject.state.demographicsVersion) : subject.state.status;

/** The right behaviour: intend, send unless it stands there already, say so. */
export const deliverProperly =
  (outside: Outside): Deliver =>
  async (works, { intend }) => {
    const verdicts: Verdict[] = [];
    for (const work of works) verdicts.push(await deliverOne(outside, work, intend));
    return verdicts;
  };

async function deliverOne(outside: Outside, work: Work, intend: DeliveryContext['intend']): Promise<Verdict> {
  const digest = digestOf(work);
  const sent = work.force || work.delivered?.digest !== digest;
  if (sent) {
    await intend(work, { digest, memo: null });
    outside.told.push({ id: work.id, patientKey: work.patientKey, status: statusOf(work), work });
  }
  return {
    outcome: 'delivered',
    sent,
    digest,
    remoteId: `remote-${work.id}`,
    remoteVersion: '1',
    acknowledgement: '200',
    memo: null,
  };
}

export function createScriptedTarget(outside: Outside): ScriptedTarget {
  let script: Deliver | null = null;
  const target: ScriptedTarget = {
    name: 'fhir',
    isAway: false,
    probes: 0,
    behave: (deliver) => {
      script = deliver;
    },
    takes: ({ kind }) => kind !== 'patient',
    async deliver(works, context) {
      const patientKey = works[0]?.patientKey ?? '';
      outside.enter(patientKey);
      try {
        if (target.isAway) throw away();
        return await (script ?? deliverProperly(outside))(works, context);
      } finally {
        outside.leave(patientKey);
      }
    },
    async probe() {
      target.probes++;
      if (target.isAway) throw away();
    },
    start: async () => {},
    stop: async () => {},
    readiness: () => ({ ready: true }),
  };
  return target;
}
