/** Counts what became of requests and lines, so that the handlers do not. */
import type { Metrics } from '@clinstream/runtime/telemetry';
import type { ingestMetrics } from '../metrics.ts';
import { RefusedError } from './refusal.ts';

export type Operation = 'analysis' | 'batch_line' | 'order';
export type Outcomes = {
  /** Runs one request; its refusal is counted and thrown on. */
  watch<T>(operation: Operation, work: () => Promise<T>): Promise<T>;
  accepted(operation: Operation): void;
  refused(operation: Operation, code: string): void;
};

export function createOutcomes(metrics: Metrics<typeof ingestMetrics>): Outcomes {
  const accepted: Outcomes['accepted'] = (operation) => metrics.accepted.labels({ operation }).inc();
  const refused: Outcomes['refused'] = (operation, code) => metrics.refused.labels({ operation, error_code: code }).inc();
  return {
    accepted,
    refused,
    watch: async (operation, work) => {
      const startedAt = performance.now();
      try {
        const result = await work();
        accepted(operation);
        metrics.acceptSeconds.labels({ operation }).observe((performance.now() - startedAt) / 1_000);
        return result;
      } catch (error) {
        refused(operation, error instanceof RefusedError ? error.refusal.code : 'INTERNAL');
        throw error;
      }
    },
  };
}
