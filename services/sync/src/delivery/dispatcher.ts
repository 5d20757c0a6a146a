/**
 * Sends what waits (ADR 0011): claims patients, hands each to the target, writes down what came of it.
 *
 * Promise: one patient is in flight at most once, over all instances; none is sent to while the breaker is open; never faster than the rate;
 * whatever happens to this process, what was waiting still waits and what was sent has its intent in the ledger.
 * Not promised: order between patients.
 *
 * Twice as many patients are held as may be sent to at the same time: while some are on the wire, the ends of others are written down and the next
 * are claimed, several by one statement, so that the target never waits for our store.
 */
import { type AppError, backOffDelay, classify, sleep } from '@clinstream/runtime/errors';
import type { Component, OnFatal } from '@clinstream/runtime/lifecycle';
import type { Postgres } from '@clinstream/runtime/postgres';
import { createMetrics, type Telemetry } from '@clinstream/runtime/telemetry';
import { available, fullBucket, nextTokenMs, type Rate, refilled, taken } from '../domain/token-bucket.ts';
import { channelOf } from '../intake/take-in.ts';
import { type Claim, type Release, unchanged } from '../ledger/ledger.ts';
import type { Teller } from '../ledger/teller.ts';
import { syncMetrics } from '../metrics.ts';
import { createBreakerKeeper } from './breaker-keeper.ts';
import { type DeliverDeps, deliverPatient, type Ending, type EnterGate, type LeaveGate } from './deliver-patient.ts';
import { createGate } from './gate.ts';
import { keepLeases } from './lease-keeper.ts';
import { createReporting } from './reporting.ts';
import { createWakeUp } from './wake-up.ts';

export type DispatcherOptions = {
  /** Patients sent to at the same time. */
  readonly concurrency: number;
  readonly rate: Rate;
  readonly leaseMs: number;
  /** Looks for due work at least so often: a notice may be lost, a retry come due. */
  readonly pollMs: number;
  /** Of a stop: how long what is under way may take before it is told to end. */
  readonly drainMs: number;
};
export type DispatcherDeps = DeliverDeps & {
  readonly postgres: Postgres;
  readonly telemetry: Telemetry;
  readonly teller: Pick<Teller, 'tell'>;
  readonly onFatal: OnFatal;
};
export type Dispatcher = Component & { wake(): void };

type InFlight = { readonly claim: Claim; readonly aborting: AbortController; done: Promise<void> };

/** A patient whose delivery met an absent target waits longer each time, so that one that always does so does not hold the others. */
const setbackWait = { baseMs: 200, maxMs: 60_000 };

export function createDispatcher(options: DispatcherOptions, deps: DispatcherDeps): Dispatcher {
  const { target, ledger, telemetry, postgres } = deps;
  const { name } = target;
  const { now } = telemetry.clock;
  const log = telemetry.log.child({ component: 'dispatcher' });
  const metrics = createMetrics(telemetry.registry, syncMetrics);
  const reporting = createReporting(name, telemetry);
  const breaker = createBreakerKeeper(target, telemetry);
  const gate = createGate(options.concurrency);
  const wakeUp = createWakeUp();
  const stopping = new AbortController();
  const inFlight = new Map<string, InFlight>();
  let bucket = fullBucket(options.rate, now());
  let loops: readonly Promise<void>[] = [];
  let unlisten = (): void => {};
  let own: AppError | null = null;

  /** The target may have gone, or we begun to stop, while a patient waited its turn. Who leaves says so before the next comes in. */
  const enter: EnterGate = async (signal) => {
    const leave = await gate.enter(AbortSignal.any([signal, stopping.signal]));
    if (leave === null) return null;
    const leaveSaying: LeaveGate = (away) => {
      if (away !== null) breaker.away(away);
      leave();
    };
    if (!breaker.isOpen()) return leaveSaying;
    leave();
    return null;
  };

  const begin = (claim: Claim): void => {
    if (stopping.signal.aborted) return void letGo(claim, { delayMs: 0, setbacks: claim.setbacks });
    const aborting = new AbortController();
    breaker.began();
    const one: InFlight = { claim, aborting, done: Promise.resolve() };
    inFlight.set(claim.patientKey, one);
    one.done = deliverPatient(deps, claim, aborting.signal, enter)
      .then((ending) => finish(claim, ending))
      .catch((error: unknown) => deps.onFatal(classify(error, 'outbound')))
      .finally(() => {
        inFlight.delete(claim.patientKey);
        wakeUp.wake();
      });
  };

  const finish = async (claim: Claim, ending: Ending): Promise<void> => {
    if (ending.kind === 'settled') {
      const wasAsked = ending.settlement.reports.some(({ verdict }) => verdict !== unchanged);
      if (wasAsked) breaker.answered();
      else breaker.unanswered();
      reporting.settled(ending.settlement.reports);
      return void deps.teller.tell(ending.settlement.tellings);
    }
    if (ending.kind === 'away') {
      const delayMs = claim.setbacks === 0 ? 0 : backOffDelay(setbackWait, claim.setbacks);
      return letGo(claim, { delayMs, setbacks: claim.setbacks + 1 });
    }
    breaker.unanswered();
    if (ending.kind === 'lost') return reporting.overtaken();
    if (ending.kind === 'fatal') deps.onFatal(ending.error);
    if (ending.kind === 'ours') own = ending.error;
    await letGo(claim, { delayMs: ending.kind === 'ours' ? options.pollMs : 0, setbacks: claim.setbacks });
  };

  /** If our store is away, the lease runs out by itself. */
  const letGo = (claim: Claim, release: Release): Promise<void> => ledger.release(claim, release).catch(() => {});

  /** Claims what there is room for; how long to wait before the next look, if nothing happens. */
  const claimMore = async (): Promise<number> => {
    await breaker.look(stopping.signal);
    bucket = refilled(bucket, options.rate, now());
    const tokens = available(bucket, options.rate);
    const room = breaker.room(options.concurrency * 2, inFlight.size);
    const limit = Math.min(room, tokens);
    if (room < 1) return breaker.nextLookMs();
    // Nobody's turn is lost by it.
    if (inFlight.size > options.concurrency && room < options.concurrency / 2) return options.pollMs;
    if (tokens < 1) return nextTokenMs(bucket, options.rate);
    const claims = await ledger.claim(limit);
    own = null;
    bucket = taken(bucket, options.rate === null ? 0 : claims.length);
    for (const claim of claims) begin(claim);
    if (claims.length === 0) breaker.idle();
    // A full hand: there may be more, as soon as there is room or a token.
    return claims.length === limit ? 0 : options.pollMs;
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const waitMs = await claimMore().catch((error: unknown) => {
        own = classify(error, 'sink');
        return options.pollMs;
      });
      if (waitMs > 0) await wakeUp.sleep(Math.min(waitMs, options.pollMs), stopping.signal);
      else await new Promise((resolve) => setImmediate(resolve));
    }
  };

  const renewing = new AbortController();

  metrics.inFlight.onCollect(() => metrics.inFlight.labels({ target: name }).set(gate.inside()));

  return {
    name: `dispatcher ${name}`,
    async start() {
      unlisten = postgres.listen(channelOf(name), () => wakeUp.wake());
      loops = [
        run(),
        keepLeases(ledger, () => [...inFlight.values()], options.leaseMs, renewing.signal),
        reporting.watchDepth(postgres, stopping.signal),
      ];
    },
    quiesce() {
      stopping.abort();
    },
    async stop(deadline) {
      stopping.abort();
      unlisten();
      const all = () => Promise.allSettled([...inFlight.values()].map(({ done }) => done));
      await waitAtMost(all(), options.drainMs, deadline);
      if (inFlight.size > 0) log.warn({ inFlight: inFlight.size }, 'deliveries under way are ended; they are done again');
      for (const { aborting } of inFlight.values()) aborting.abort();
      await waitAtMost(all(), options.drainMs, deadline);
      renewing.abort();
      await waitAtMost(Promise.allSettled(loops), options.drainMs, deadline);
    },
    readiness: () => (own === null ? breaker.readiness() : { ready: false, why: `dispatcher ${name}: ${own.message}` }),
    wake: () => wakeUp.wake(),
  };
}

/** No timer is left behind: one would keep the process alive after its end. */
async function waitAtMost(work: Promise<unknown>, ms: number, deadline: AbortSignal): Promise<void> {
  const done = new AbortController();
  await Promise.race([work, sleep(ms, AbortSignal.any([deadline, done.signal]))]);
  done.abort();
}
