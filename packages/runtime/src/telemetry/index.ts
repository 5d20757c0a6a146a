export type { Counter, CounterSeries, Gauge, GaugeSeries, Histogram, HistogramSeries } from './instruments.ts';
export * from './log-errors.ts';
export * from './log-fields.ts';
export * from './logger.ts';
export * from './metric-definitions.ts';
export * from './metrics.ts';
export * from './telemetry.ts';
export * from './traceparent.ts';
