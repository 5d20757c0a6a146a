/** Test only. What a log can do to a set of events: deliver them in any order, any number of times. */
import fc from 'fast-check';

/** Two deliveries of the same events: once each in the order given, and shuffled with repetitions. */
export const deliveriesOf = <E>(events: fc.Arbitrary<E[]>): fc.Arbitrary<{ plain: E[]; shuffled: E[] }> =>
  events.chain((plain) =>
    fc
      .tuple(fc.shuffledSubarray(plain, { minLength: plain.length }), fc.array(fc.nat(Math.max(0, plain.length - 1))))
      .map(([permutation, repeats]) => ({
        plain,
        shuffled: [...permutation, ...repeats.flatMap((i) => plain.slice(i, i + 1))],
      })),
  );

/** The state without its change counter, which may differ between deliveries. */
export const withoutVersion = <S extends { readonly version: number }>(state: S | null): Omit<S, 'version'> | null => {
  if (state === null) return null;
  const { version: _counter, ...facts } = state;
  return facts;
};

export const fold = <S, E>(
  reduce: (state: S | null, event: E) => S | null,
  events: readonly E[],
  from: S | null = null,
): S | null => events.reduce<S | null>(reduce, from);
