/** Whether Kafka can be reached for publishing: says once that it is away, looks until it is back (also when nobody publishes), says so once. */
import type { AppError } from '../errors/app-error.ts';
import { backOffDelay, dependencyBackOff, sleep } from '../errors/back-off.ts';
import { classify } from '../errors/classify.ts';
import type { Outage } from '../kafka/outage.ts';

export type Health = {
  start(): void;
  /** A send failed. */
  down(error: AppError): void;
  up(): void;
  problem(): string | null;
  /** Resolves when it looks no more; call after the signal has aborted. */
  ended(): Promise<void>;
};

export type HealthOptions = { readonly outage: Outage; readonly ping: () => Promise<void>; readonly stopping: AbortSignal };

export function createHealth({ outage, ping, stopping }: HealthOptions): Health {
  let probing: Promise<void> | null = null;
  const probe = async (): Promise<void> => {
    for (let attempt = 1; outage.problem() !== null && !stopping.aborted; attempt++) {
      const error = await ping().then(
        () => null,
        (cause: unknown) => classify(cause, 'publish'),
      );
      if (error === null) return outage.up();
      outage.down(error);
      await sleep(backOffDelay(dependencyBackOff, attempt), stopping);
    }
  };
  const start = (): void => {
    probing ??= probe().finally(() => {
      probing = null;
    });
  };
  return {
    start,
    down(error) {
      if (error.code !== 'KAFKA_UNAVAILABLE') return;
      outage.down(error);
      start();
    },
    up: outage.up,
    problem: outage.problem,
    ended: async () => void (await probing),
  };
}
