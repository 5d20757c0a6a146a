/**
 * Says once when a component is not ready and once when it is again, so that components need no such log lines of their own. Polls,
 * because readiness is a question, not an event; a flap shorter than the interval is not worth a line.
 */
import type { Logger } from '../telemetry/logger.ts';
import type { ServiceHealth } from './service.ts';

export type ReadinessLog = { stop(): void; look(): void };

export function logReadiness(log: Logger, health: () => ServiceHealth, everyMs = 1_000): ReadinessLog {
  const waitingFor = new Set<string>();
  function look(): void {
    for (const { name, ready, why } of health().components) {
      if (!ready && !waitingFor.has(name)) log.warn({ component: name, why: why ?? '' }, 'not ready, waiting');
      if (ready && waitingFor.has(name)) log.info({ component: name }, 'ready again');
      if (ready) waitingFor.delete(name);
      else waitingFor.add(name);
    }
  }
  const timer = setInterval(look, everyMs);
  timer.unref();
  return { look, stop: () => clearInterval(timer) };
}
