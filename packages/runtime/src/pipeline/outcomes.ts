/** The metrics stage: counts outcomes per topic with series looked up once, and says in the log what was decided, once. */
import type { Logger } from 'pino';
import type { AppError } from '../errors/app-error.ts';
import type { CounterSeries } from '../telemetry/instruments.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { pipelineMetrics } from './metrics.ts';

export type OutcomeKind = 'done' | 'skipped' | 'parked' | 'retried';

export type Outcomes = {
  count(work: { readonly topic: string }, outcome: OutcomeKind, code: string): void;
  tried(seconds: number): void;
  retrying(where: 'place' | 'topic', error: AppError): void;
  parked(topic: string, error: AppError): void;
  dependency(change: { readonly isOpen: boolean; readonly error: AppError | null; readonly downMs: number }, log: Logger): void;
  onCollect(running: () => number): void;
};

/** A skip's reason is a code of ours; anything else would make the label unbounded. */
const asCode = (text: string): string => (/^[A-Za-z0-9_-]{0,60}$/.test(text) ? text : 'OTHER');

export function createOutcomes(telemetry: Telemetry, group: string, topics: readonly string[]): Outcomes {
  const metrics = createMetrics(telemetry.registry, pipelineMetrics);
  const done = new Map<string, CounterSeries>();
  for (const topic of topics) done.set(topic, metrics.outcomes.labels({ group, topic, outcome: 'done', error_code: '' }));
  const handleSeconds = metrics.handleSeconds.labels({ group });
  metrics.dependencyDown.labels({ group }).set(0);
  return {
    count({ topic }, outcome, code) {
      const series = outcome === 'done' ? done.get(topic) : undefined;
      (series ?? metrics.outcomes.labels({ group, topic, outcome, error_code: asCode(code) })).inc();
    },
    tried: (seconds) => handleSeconds.observe(seconds),
    retrying: (where, error) => metrics.retries.labels({ group, where, error_code: error.code }).inc(),
    parked: (topic, error) => metrics.deadLetters.labels({ group, topic, error_code: error.code, stage: error.stage }).inc(),
    dependency({ isOpen, error, downMs }, log) {
      metrics.dependencyDown.labels({ group }).set(isOpen ? 0 : 1);
      if (isOpen) log.info({ waitedMs: downMs }, 'no dependency is waited for any more, going on');
      else log.warn({ err: error, code: error?.code }, 'dependency is away, the group waits');
    },
    onCollect: (running) => metrics.running.onCollect(() => metrics.running.labels({ group }).set(running())),
  };
}
