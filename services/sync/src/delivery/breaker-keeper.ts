/** Keeps the breaker of one target: asks the probe when it is due, and says once that the target is away and once that it is back. */
import { type AppError, classify } from '@clinstream/runtime/errors';
import type { Readiness } from '@clinstream/runtime/lifecycle';
import { createMetrics, type Telemetry } from '@clinstream/runtime/telemetry';
import {
  afterAnswer,
  afterNoAnswer,
  afterProbe,
  afterSetback,
  type Breaker,
  isProbeDue,
  onTrial,
  roomOf,
  unknownBreaker,
} from '../domain/breaker.ts';
import { syncMetrics } from '../metrics.ts';
import type { Target } from './target.ts';

export type BreakerKeeper = {
  /** Patients that may be begun now. */
  room(concurrency: number, inFlight: number): number;
  /** Nothing may be sent now. */
  isOpen(): boolean;
  /** Call with every patient begun. */
  began(): void;
  answered(): void;
  /** The target was not asked, or nothing can be said of it. */
  unanswered(): void;
  away(error: AppError): void;
  /** Nothing waits that could be the trial: the probe's word is enough. */
  idle(): void;
  /** Until the breaker may have something to do by itself. */
  nextLookMs(): number;
  /** Probes if it is time to. Never rejects. */
  look(signal: AbortSignal): Promise<void>;
  readiness(): Readiness;
};

const gaugeOf = { closed: 0, half_open: 1, open: 2 } as const;

export function createBreakerKeeper(
  target: Pick<Target, 'name' | 'probe'>,
  telemetry: Telemetry,
  random = Math.random,
): BreakerKeeper {
  const { now } = telemetry.clock;
  const { name } = target;
  const metrics = createMetrics(telemetry.registry, syncMetrics);
  const log = telemetry.log.child({ component: 'dispatcher' });
  let breaker: Breaker = unknownBreaker(now());
  let probing: Promise<void> | null = null;
  let announced = false;
  let problem: string | null = 'not reached yet';

  const become = (next: Breaker): void => {
    breaker = next;
    metrics.breaker.labels({ target: name }).set(gaugeOf[next.state]);
    if (next.state !== 'open') problem = null;
    if (next.state !== 'closed') return;
    if (announced) log.info({ dependency: name }, `target ${name} is back`);
    announced = false;
  };

  const setback = (error: AppError, from: 'delivery' | 'probe'): void => {
    metrics.setbacks.labels({ target: name, error_code: error.code }).inc();
    problem = error.code;
    if (!announced) log.warn({ dependency: name, code: error.code, err: error }, `target ${name} is away; what is for it waits`);
    announced = true;
    become(afterSetback(breaker, error, { now: now(), random: random() }, from));
  };

  const probe = async (signal: AbortSignal): Promise<void> => {
    try {
      await target.probe(signal);
      become(afterProbe(breaker));
    } catch (cause) {
      if (!signal.aborted) setback(classify(cause, 'outbound'), 'probe');
    }
  };

  become(breaker);
  return {
    room: (concurrency, inFlight) => roomOf(breaker, concurrency, inFlight),
    isOpen: () => breaker.state === 'open',
    began: () => become(onTrial(breaker)),
    answered: () => become(afterAnswer(breaker)),
    unanswered: () => become(afterNoAnswer(breaker)),
    away: (error) => setback(error, 'delivery'),
    idle: () => {
      if (breaker.state === 'half_open' && !breaker.onTrial) become({ state: 'closed' });
    },
    nextLookMs: () => (breaker.state === 'open' ? Math.max(1, breaker.until - now()) : Number.POSITIVE_INFINITY),
    async look(signal) {
      if (probing === null && isProbeDue(breaker, now())) {
        probing = probe(signal).finally(() => {
          probing = null;
        });
      }
      await probing;
    },
    readiness: () =>
      problem === null ? { ready: true } : { ready: false, why: `target ${name} is away (${problem}); what is for it waits` },
  };
}
