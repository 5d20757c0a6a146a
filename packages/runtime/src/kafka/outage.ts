/** Says once that something is away and once that it is back, and remembers it for readiness. */
import type { AppError } from '../errors/app-error.ts';
import type { Logger } from '../telemetry/logger.ts';

export type Outage = {
  /** True when this is news. */
  down(error: AppError): boolean;
  up(): void;
  /** Why it is not usable; null when it is. */
  problem(): string | null;
};

/** Begins as "not connected yet", which is not worth a line. */
export function createOutage(log: Logger, what: { readonly dependency: string; readonly component: string }): Outage {
  let problem: string | null = 'not connected yet';
  let announced = false;
  return {
    down(error) {
      problem = error.message;
      if (announced) return false;
      announced = true;
      log.warn({ ...what, err: error }, `${what.dependency} is away, waiting for it`);
      return true;
    },
    up() {
      problem = null;
      if (announced) log.info(what, `${what.dependency} is back`);
      announced = false;
    },
    problem: () => problem,
  };
}
