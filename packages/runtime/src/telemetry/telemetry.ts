/** What every part is given to speak with: a log, a metrics registry, and the time. */
import type { DestinationStream } from 'pino';
import { type Clock, systemClock } from '../lifecycle/component.ts';
import { createLogger, type Logger, type LogLevel } from './logger.ts';
import { createMetricsRegistry, type Registry } from './metrics.ts';

export type Telemetry = { readonly log: Logger; readonly registry: Registry; readonly clock: Clock };

export type TelemetryOptions = {
  readonly name: string;
  readonly level: LogLevel;
  readonly clock?: Clock;
  readonly destination?: DestinationStream;
};

export const createTelemetry = (options: TelemetryOptions): Telemetry => ({
  log: createLogger(options),
  registry: createMetricsRegistry(),
  clock: options.clock ?? systemClock,
});

/** For tests: says nothing, counts into its own registry, without process metrics (they keep observers alive). */
export const createSilentTelemetry = (clock: Clock = systemClock): Telemetry => ({
  log: createLogger({ name: 'test', level: 'silent' }),
  registry: createMetricsRegistry({ processMetrics: false }),
  clock,
});
