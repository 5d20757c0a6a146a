/** Metrics as data: what exists, what it means, which labels it has. docs/metrics.md is generated from these. */

export type CounterDefinition = {
  readonly kind: 'counter';
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
};
export type GaugeDefinition = {
  readonly kind: 'gauge';
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
};
export type HistogramDefinition = {
  readonly kind: 'histogram';
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** Upper bounds, ascending, in the unit the name says. */
  readonly buckets: readonly number[];
};
export type MetricDefinition = CounterDefinition | GaugeDefinition | HistogramDefinition;
export type MetricDefinitions = Readonly<Record<string, MetricDefinition>>;

export type LabelName<D extends MetricDefinition> = D extends { readonly labels: readonly (infer L extends string)[] }
  ? L
  : never;
export type Labels<L extends string = string> = Readonly<Record<L, string | number>>;

/** Keeps the literal types of names and labels. Names are `clinstream_<noun>_<unit>[_total]`; labels have few, known values. */
export const defineMetrics = <const D extends MetricDefinitions>(definitions: D): D => definitions;

/** From half a millisecond to ten seconds: request and handler times. */
export const secondsBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
/** From a single record to ten thousand: batch sizes. */
export const countBuckets = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000] as const;
