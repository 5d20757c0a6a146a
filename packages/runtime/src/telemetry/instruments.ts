/**
 * Counters, gauges and histograms for the hot path. prom-client hashes and validates labels on every call (about a microsecond); these
 * look a series up once (`labels(...)`) and then add to a plain number. They register with a prom-client registry and print the same text.
 * Keep the series `labels(...)` returns when you count per record.
 */
import type { Labels } from './metric-definitions.ts';

export type CounterSeries = { inc(by?: number): void };
export type GaugeSeries = { set(value: number): void; inc(by?: number): void; dec(by?: number): void };
export type HistogramSeries = { observe(value: number): void };

type Family<L extends string, S> = {
  /** The series of these label values, made on first use. */
  labels(labels: Labels<L>): S;
  /** Forgets one series: a partition we no longer own must not go on being reported. */
  remove(labels: Labels<L>): void;
  reset(): void;
};
/** A metric without labels is its own series. */
type Flat<L extends string, S> = [L] extends [never] ? S : unknown;
/** `onCollect` runs before each scrape; set values that are cheaper to ask for than to keep. */
export type Counter<L extends string = never> = Family<L, CounterSeries> & Flat<L, CounterSeries>;
export type Gauge<L extends string = never> = Family<L, GaugeSeries> &
  Flat<L, GaugeSeries> & { onCollect(fill: () => void): void };
export type Histogram<L extends string = never> = Family<L, HistogramSeries> & Flat<L, HistogramSeries>;

export type Sample = { readonly labels: Record<string, string | number>; readonly value: number; readonly metricName?: string };

/** Looks series up by label values, in the order the definition names them. */
export function createSeries<S>(labelNames: readonly string[], make: () => S) {
  const series = new Map<string, { readonly labels: Record<string, string | number>; readonly series: S }>();
  const keyOf = (labels: Labels): string => {
    let key = '';
    for (const name of labelNames) key += `${labels[name] ?? ''}\u0000`;
    return key;
  };
  return {
    get(labels: Labels): S {
      const key = keyOf(labels);
      const known = series.get(key);
      if (known) return known.series;
      const made = make();
      const own = Object.fromEntries(labelNames.map((name) => [name, labels[name] ?? '']));
      series.set(key, { labels: own, series: made });
      return made;
    },
    remove: (labels: Labels): boolean => series.delete(keyOf(labels)),
    clear: (): void => series.clear(),
    all: () => series.values(),
  };
}

export const createNumber = () => {
  const state = { value: 0 };
  return {
    state,
    inc: (by = 1): void => {
      state.value += by;
    },
    dec: (by = 1): void => {
      state.value -= by;
    },
    set: (value: number): void => {
      state.value = value;
    },
  };
};

export const createBuckets = (bounds: readonly number[]) => {
  const state = { counts: new Array<number>(bounds.length + 1).fill(0), sum: 0 };
  return {
    state,
    observe: (value: number): void => {
      let i = 0;
      while (i < bounds.length && value > (bounds[i] as number)) i++;
      state.counts[i] = (state.counts[i] ?? 0) + 1;
      state.sum += value;
    },
  };
};

/** Cumulative samples as Prometheus wants them. */
export function histogramSamples(
  name: string,
  bounds: readonly number[],
  labels: Record<string, string | number>,
  state: { readonly counts: readonly number[]; readonly sum: number },
): readonly Sample[] {
  let total = 0;
  const buckets = [...bounds, '+Inf' as const].map((le, i) => {
    total += state.counts[i] ?? 0;
    return { labels: { le, ...labels }, value: total, metricName: `${name}_bucket` };
  });
  return [
    ...buckets,
    { labels, value: state.sum, metricName: `${name}_sum` },
    { labels, value: total, metricName: `${name}_count` },
  ];
}
