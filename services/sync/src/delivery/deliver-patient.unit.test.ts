/** Every way one patient's delivery can end, with a ledger and a target in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, type ErrorKind, type ErrorScope } from '@clinstream/runtime/errors';
import type { Ledger, Unchanged, WaitingWork } from '../ledger/ledger.ts';
import { deliverPatient } from './deliver-patient.ts';
import type { Target, Verdict, Work } from './target.ts';

const claim = { patientKey: 'H|A|1', epoch: 1, setbacks: 0 };
const work = (id: string, change: Partial<WaitingWork> = {}): WaitingWork =>
  ({
    id,
    subject: { kind: 'order', state: {} },
    force: false,
    basis: `basis-${id}`,
    refused: null,
    isHistory: false,
    intent: null,
    delivered: null,
    ...change,
  }) as WaitingWork;
const trouble = (code: string, kind: ErrorKind, scope: ErrorScope = 'message'): AppError =>
  new AppError({ code, kind, scope, stage: 'outbound', message: code });
const done: Verdict = {
  outcome: 'delivered',
  sent: true,
  digest: 'd',
  remoteId: null,
  remoteVersion: null,
  acknowledgement: null,
  memo: null,
};

type Behaviour = {
  readonly works?: readonly WaitingWork[];
  readonly deliver?: Target['deliver'];
  readonly intend?: () => Promise<void>;
  readonly publish?: () => Promise<never>;
  /** What the tries to write the outcome end with; then they work. */
  readonly settleErrors?: readonly Error[];
};

async function run(behaviour: Behaviour, signal = new AbortController().signal) {
  const written: (Verdict | Unchanged)[][] = [];
  const given: string[] = [];
  const errors = [...(behaviour.settleErrors ?? [])];
  const ledger = {
    works: async () => behaviour.works ?? [work('o1')],
    intend: behaviour.intend ?? (async () => {}),
    settle: async (_claim, _works, verdicts) => {
      const error = errors.shift();
      written.push([...verdicts]);
      if (error) throw error;
      return { reports: [], tellings: [] };
    },
  } as Pick<Ledger, 'works' | 'intend' | 'settle'> as Ledger;
  const target = {
    deliver: async (works: readonly Work[], context) => {
      given.push(...works.map(({ id }) => id));
      return behaviour.deliver ? behaviour.deliver(works, context) : works.map(() => done);
    },
  } as Pick<Target, 'deliver'> as Target;
  const producer = { publish: behaviour.publish ?? (() => Promise.reject(new Error('nothing is published here'))) };
  const ending = await deliverPatient({ target, ledger, producer }, claim, signal, async () => () => {});
  return { ending, given, last: written.at(-1), tries: written.length };
}

const failing =
  (error: Error): Target['deliver'] =>
  async () => {
    throw error;
  };

test('what the target throws: away is nobody’s try, all else is one, by its kind', async () => {
  assert.equal((await run({ deliver: failing(trouble('AWAY', 'retryable', 'dependency')) })).ending.kind, 'away');
  assert.equal((await run({ deliver: failing(trouble('BROKEN', 'fatal')) })).ending.kind, 'fatal');
  const verdictOf = async (error: Error) => (await run({ deliver: failing(error) })).last?.[0];
  assert.deepEqual(await verdictOf(trouble('NO', 'poison')), {
    outcome: 'rejected',
    code: 'NO',
    acknowledgement: null,
    detail: null,
  });
  assert.equal((await verdictOf(trouble('MAYBE', 'ambiguous')))?.outcome, 'needs_review');
  assert.deepEqual(await verdictOf(trouble('ODD', 'retryable')), { outcome: 'retry', code: 'ODD', afterMs: 0 });
  assert.deepEqual(await verdictOf(new TypeError('a bug')), { outcome: 'retry', code: 'UNCLASSIFIED', afterMs: 0 });
});

test('a target that does not answer for all is asked again', async () => {
  const { last } = await run({ works: [work('o1'), work('o2')], deliver: async () => [done] });
  assert.deepEqual(
    last?.map((verdict) => 'code' in verdict && verdict.code),
    ['SYNC_VERDICT_MISSING', 'SYNC_VERDICT_MISSING'],
  );
});

test('our own store or Kafka away is not the target’s fault', async () => {
  const away = trouble('POSTGRES_UNAVAILABLE', 'retryable', 'dependency');
  const intending = await run({
    intend: () => Promise.reject(away),
    deliver: async ([first], { intend }) => {
      if (first) await intend(first, { digest: 'd', memo: null });
      return [done];
    },
  });
  assert.equal(intending.ending.kind, 'ours');
  const publishing = await run({
    publish: () => Promise.reject(trouble('KAFKA_UNAVAILABLE', 'retryable', 'dependency')),
    deliver: async (_works, { publish }) => {
      await publish({} as never);
      return [done];
    },
  });
  assert.equal(publishing.ending.kind, 'ours');
});

test('an outcome is written however often the store is away meanwhile', async () => {
  const away = trouble('POSTGRES_UNAVAILABLE', 'retryable', 'dependency');
  const { ending, tries, given } = await run({ settleErrors: [away, away] });
  assert.deepEqual([ending.kind, tries, given.length], ['settled', 3, 1], 'and nothing is sent again for it');
});

test('an outcome that no column takes is written without it, for review', async () => {
  const { ending, last } = await run({ settleErrors: [trouble('POSTGRES_DATA_INVALID', 'poison')] });
  assert.equal(ending.kind, 'settled');
  assert.deepEqual(
    last?.map((verdict) => 'code' in verdict && verdict.code),
    ['SYNC_OUTCOME_UNWRITABLE'],
  );
});

test('a lease lost at the intent or at the outcome: nothing of ours counts', async () => {
  const lost = trouble('SYNC_LEASE_LOST', 'retryable');
  assert.equal((await run({ settleErrors: [lost] })).ending.kind, 'lost');
  const { ending, tries } = await run({
    intend: () => Promise.reject(lost),
    deliver: async ([first], { intend }) => {
      if (first) await intend(first, { digest: 'd', memo: null });
      return [done];
    },
  });
  assert.deepEqual([ending.kind, tries], ['lost', 0]);
});

test('told to end: whatever the target throws then is no try', async () => {
  const ending = new AbortController();
  const { ending: how, tries } = await run(
    {
      deliver: async () => {
        ending.abort();
        throw new Error('cut');
      },
    },
    ending.signal,
  );
  assert.deepEqual([how.kind, tries], ['ended', 0]);
});

test('what was refused and has not changed is not given to the target, unless somebody asks', async () => {
  const refused = { refused: 'basis-o1' };
  const alone = await run({ works: [work('o1', refused)] });
  assert.deepEqual([alone.given, alone.last], [[], [{ outcome: 'unchanged' }]]);
  assert.deepEqual((await run({ works: [work('o1', { ...refused, force: true })] })).given, ['o1']);
  const mixed = await run({ works: [work('o1', refused), work('o2')] });
  assert.deepEqual(mixed.given, ['o2']);
  assert.deepEqual(
    mixed.last?.map(({ outcome }) => outcome),
    ['unchanged', 'delivered'],
  );
});

test('intents of one turn are one write', async () => {
  let writes = 0;
  await run({
    works: [work('o1'), work('o2')],
    intend: async () => void writes++,
    deliver: async (works, { intend }) => {
      await Promise.all(works.map((one) => intend(one, { digest: 'd', memo: null })));
      return works.map(() => done);
    },
  });
  assert.equal(writes, 1);
});

test('a target looks ahead for somebody new while they wait their turn, and for nobody else', async () => {
  const steps: string[] = [];
  const target = {
    lookAhead: async () => {
      steps.push('look ahead');
      throw new Error('of no consequence');
    },
    deliver: async (works: readonly Work[]) => {
      steps.push('deliver');
      return works.map(() => done);
    },
  } as Pick<Target, 'lookAhead' | 'deliver'> as Target;
  const ledger = { works: async () => [work('o1')], settle: async () => ({ reports: [], tellings: [] }) } as unknown as Ledger;
  const enter = async () => {
    steps.push('enter');
    return () => {};
  };
  const producer = { publish: () => Promise.reject(new Error('nothing is published here')) };
  for (const epoch of [1, 2])
    await deliverPatient({ target, ledger, producer }, { ...claim, epoch }, new AbortController().signal, enter);
  assert.deepEqual(steps, ['look ahead', 'enter', 'deliver', 'enter', 'deliver']);
});
