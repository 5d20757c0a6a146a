/**
 * Makes the instruments of a set of definitions. The same definition made twice on one registry is the same instrument, so two consumers of
 * one process share their counters and tell themselves apart by label.
 */
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import {
  type Counter,
  createBuckets,
  createNumber,
  createSeries,
  type Gauge,
  type Histogram,
  histogramSamples,
  type Sample,
} from './instruments.ts';
import type { LabelName, Labels, MetricDefinition, MetricDefinitions } from './metric-definitions.ts';

export type { Registry } from 'prom-client';

export type Instrument<D extends MetricDefinition> = D['kind'] extends 'counter'
  ? Counter<LabelName<D>>
  : D['kind'] extends 'gauge'
    ? Gauge<LabelName<D>>
    : Histogram<LabelName<D>>;
export type Metrics<D extends MetricDefinitions> = { readonly [K in keyof D]: Instrument<D[K]> };

/** A registry with Node's own process metrics (event-loop delay, memory, CPU, garbage collection) unless told not to. */
export function createMetricsRegistry(options: { readonly processMetrics?: boolean } = {}): Registry {
  const registry = new Registry();
  if (options.processMetrics ?? true) collectDefaultMetrics({ register: registry });
  return registry;
}

export function createMetrics<D extends MetricDefinitions>(registry: Registry, definitions: D): Metrics<D> {
  const made = Object.entries(definitions).map(([key, definition]) => {
    const known = registry.getSingleMetric(definition.name) as unknown;
    if (known !== undefined) return [key, known];
    const instrument = createInstrument(definition);
    registry.registerMetric(instrument as unknown as Metric);
    return [key, instrument];
  });
  return Object.fromEntries(made) as Metrics<D>;
}

function createInstrument(definition: MetricDefinition): object {
  if (definition.kind === 'histogram')
    return createHistogram(definition.name, definition.help, definition.labels ?? [], definition.buckets);
  const labelNames = definition.labels ?? [];
  const series = createSeries(labelNames, createNumber);
  const fills: (() => void)[] = [];
  if (labelNames.length === 0) series.get({});
  const samples = (): Sample[] => {
    for (const fill of fills) fill();
    return Array.from(series.all(), (one) => ({ labels: one.labels, value: one.series.state.value }));
  };
  return {
    ...describe(definition.name, definition.help, definition.kind, samples),
    ...family(series),
    inc: (by = 1) => series.get({}).inc(by),
    dec: (by = 1) => series.get({}).dec(by),
    set: (value: number) => series.get({}).set(value),
    onCollect: (fill: () => void) => fills.push(fill),
  };
}

function createHistogram(name: string, help: string, labelNames: readonly string[], bounds: readonly number[]): object {
  const series = createSeries(labelNames, () => createBuckets(bounds));
  if (labelNames.length === 0) series.get({});
  const samples = () => Array.from(series.all()).flatMap((one) => histogramSamples(name, bounds, one.labels, one.series.state));
  return {
    ...describe(name, help, 'histogram', samples),
    ...family(series),
    observe: (value: number) => series.get({}).observe(value),
  };
}

/** What a prom-client registry asks of a metric. */
const describe = (name: string, help: string, type: string, samples: () => readonly Sample[]) => ({
  name,
  help,
  type,
  aggregator: 'sum',
  get: async () => ({ name, help, type, aggregator: 'sum', values: samples() }),
});

const family = <S>(series: ReturnType<typeof createSeries<S>>) => ({
  labels: (labels: Labels) => series.get(labels),
  remove: (labels: Labels) => {
    series.remove(labels);
  },
  reset: () => series.clear(),
});
