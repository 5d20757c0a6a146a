/** Test only: the ledger's part of a delivery in memory, after the port's words: intents, verdicts, memos, published events. */
import { setTimeout } from 'node:timers/promises';
import { type OrderEvent, type OrderState, type PatientState, reduceOrder } from '@clinstream/contracts';
import type { Delivered, DeliveryContext, Intent, Target, Verdict, Work } from '../../../delivery/target.ts';
import type { Related } from '../../../domain/subject.ts';

export type FakeLedger = {
  readonly published: OrderEvent[];
  /** Every intent and publication in order, and whether it may fail next. */
  failNext(what: 'intend' | 'publish', error: Error): void;
  /** One delivery of these orders, all of one patient. */
  deliver(target: Target, orders: readonly OrderState[], options?: Options): Promise<readonly Verdict[]>;
  /** The same for one order. */
  one(target: Target, order: OrderState, options?: Options): Promise<Verdict>;
  /** The order after what was published about it. */
  after(order: OrderState): OrderState;
};
export type Options = {
  readonly force?: boolean;
  readonly related?: Partial<Related>;
  readonly signal?: AbortSignal;
  /** The verdict is not stored: a crash right after it. */
  readonly crash?: boolean;
};

type Row = { delivered: Delivered | null; intent: Intent | null; attempts: number };

export function createFakeLedger(): FakeLedger {
  const rows = new Map<string, Row>();
  const published: OrderEvent[] = [];
  const failures = new Map<string, Error>();

  const rowOf = (id: string): Row => {
    const row = rows.get(id) ?? { delivered: null, intent: null, attempts: 0 };
    rows.set(id, row);
    return row;
  };
  const failing = (what: string): void => {
    const error = failures.get(what);
    failures.delete(what);
    if (error !== undefined) throw error;
  };

  async function deliver(target: Target, orders: readonly OrderState[], options: Options = {}): Promise<readonly Verdict[]> {
    const works = orders.map((state): Work => {
      const { delivered, intent, attempts } = rowOf(state.orderId);
      return {
        subject: { kind: 'order', state },
        id: state.orderId,
        patientKey: state.patientKey,
        related: { patient: null, order: null, observations: [], ...options.related },
        delivered,
        intent,
        force: options.force ?? false,
        changedAt: 0,
        attempts,
      };
    });
    const context: DeliveryContext = {
      signal: options.signal ?? new AbortController().signal,
      intend: async (work, intent) => {
        // As long as a database takes at least: in this time a peer's good-bye arrives.
        await setTimeout(2);
        failing('intend');
        rowOf(work.id).intent = { ...intent, memo: structuredClone(intent.memo), at: 0 };
      },
      publish: async (event) => {
        await Promise.resolve();
        failing('publish');
        published.push(event.value as OrderEvent);
      },
    };
    const verdicts = await target.deliver(works, context);
    if (!options.crash) for (const [i, verdict] of verdicts.entries()) store(rowOf(works[i]?.id ?? ''), verdict);
    return verdicts;
  }

  function store(row: Row, verdict: Verdict): void {
    const memo = verdict.memo === undefined ? (row.delivered?.memo ?? null) : verdict.memo;
    const before = row.delivered ?? { digest: null, remoteId: null, remoteVersion: null, acknowledgement: null, code: null };
    row.attempts = verdict.outcome === 'retry' ? row.attempts + 1 : 0;
    if (verdict.outcome === 'delivered' || verdict.outcome === 'rejected') row.intent = null;
    if (verdict.outcome === 'retry') {
      if (row.delivered !== null) row.delivered = { ...row.delivered, memo };
      return;
    }
    row.delivered = { ...before, at: 0, code: null, ...verdict, memo };
  }

  return {
    published,
    failNext: (what, error) => void failures.set(what, error),
    deliver,
    one: async (target, order, options) => {
      const [verdict] = await deliver(target, [order], options);
      if (verdict === undefined) throw new Error('no verdict');
      return verdict;
    },
    after: (order) =>
      published
        .filter(({ orderId }) => orderId === order.orderId)
        .reduce<OrderState>((state, event) => reduceOrder(state, event) ?? state, order),
  };
}

export const patientNamed = (familyName: string): PatientState => ({
  patientKey: 'HOSP|HIS|4711',
  demographics: { familyName, givenName: null, birthDate: null, sex: null },
  demographicsVersion: 1,
  mergedInto: null,
  mergedVersion: -1,
  version: 1,
});
