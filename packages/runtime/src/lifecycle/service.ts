/**
 * Runs the components of one service: start in order; all sources quiet first, then stop last-in-first-out, each stop guarded and timed. Knows no process: see run-main.ts.
 *
 *   starting ──all started──> running ──stop()──> draining ──> stopped   (asked for, and every component stopped cleanly)
 *      └──────start failed, or fatal(error)──────> draining ──> failed
 *
 * Promise: `done` settles exactly once, after every component that was started has been told to stop; nothing a component throws escapes.
 * Not promised: that a component that ignores its deadline releases what it holds; it is left behind, named in the log, and counts as unclean.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Component, Readiness } from './component.ts';
import { lifecycleMetrics } from './metrics.ts';

export const serviceStates = ['starting', 'running', 'draining', 'stopped', 'failed'] as const;
export type ServiceState = (typeof serviceStates)[number];

export type ServiceOptions = {
  readonly telemetry: Telemetry;
  /** Whole time a stop may take. Work under way is aborted after three quarters of it. */
  readonly shutdownTimeoutMs: number;
};

export type ServiceHealth = {
  readonly ready: boolean;
  readonly state: ServiceState;
  readonly components: readonly { readonly name: string; readonly ready: boolean; readonly why?: string }[];
};

export type Service = {
  /** Starts everything; never rejects: a component that cannot start makes the service fail. */
  start(components: readonly Component[]): Promise<void>;
  /** Idempotent; resolves when stopped. */
  stop(reason: string): Promise<void>;
  /** It can never work again: drains and ends as `failed`. Only the first error counts. */
  fatal(error: Error): void;
  health(): ServiceHealth;
  /** Settles at the end with what was the matter, null when it was asked to stop and all was clean. */
  readonly done: Promise<Error | null>;
};

/** What remains for each component once the whole budget is spent. */
const lastGraceMs = 250;

export function createService(options: ServiceOptions): Service {
  const { telemetry, shutdownTimeoutMs } = options;
  const { log } = telemetry;
  const metrics = createMetrics(telemetry.registry, lifecycleMetrics);
  const ended = Promise.withResolvers<Error | null>();
  const started: Component[] = [];
  let all: readonly Component[] = [];
  let failure: Error | null = null;
  let stopping: Promise<void> | null = null;
  let state: ServiceState = 'starting';

  function enter(next: ServiceState): void {
    state = next;
    for (const one of serviceStates) metrics.state.labels({ state: one }).set(one === next ? 1 : 0);
  }
  enter('starting');

  async function start(components: readonly Component[]): Promise<void> {
    all = components;
    for (const component of components) {
      if (stopping !== null) return;
      started.push(component);
      try {
        await component.start();
      } catch (error) {
        fatal(asError(error), `${component.name} cannot start`);
        return;
      }
    }
    if (stopping !== null) return;
    enter('running');
    log.info('running');
  }

  function stop(reason: string): Promise<void> {
    stopping ??= drain(reason);
    return stopping;
  }

  async function drain(reason: string): Promise<void> {
    enter('draining');
    log.info({ reason, deadlineMs: shutdownTimeoutMs }, 'draining');
    const startedAt = telemetry.clock.now();
    const abort = AbortSignal.timeout(shutdownTimeoutMs * 0.75);
    for (const component of started.toReversed()) {
      const error = quiesceOne(component);
      if (error !== null) log.error({ component: component.name, err: error }, 'may still take work');
      failure ??= error;
    }
    for (const component of started.toReversed()) {
      const left = shutdownTimeoutMs - (telemetry.clock.now() - startedAt);
      const error = await stopOne(component, abort, Math.max(left, lastGraceMs));
      if (error !== null) log.error({ component: component.name, err: error }, 'did not stop cleanly');
      failure ??= error;
    }
    enter(failure === null ? 'stopped' : 'failed');
    log.info({ durationMs: telemetry.clock.now() - startedAt }, failure === null ? 'stopped' : 'stopped after a failure');
    ended.resolve(failure);
  }

  function fatal(error: Error, message = 'fatal'): void {
    log[failure === null ? 'fatal' : 'error']({ err: error }, message);
    failure ??= error;
    void stop('fatal error');
  }

  function health(): ServiceHealth {
    const components = all.map((component) => describeReadiness(component));
    for (const one of components) metrics.componentReady.labels({ component: one.name }).set(one.ready ? 1 : 0);
    return { ready: state === 'running' && components.every((one) => one.ready), state, components };
  }
  metrics.componentReady.onCollect(() => void health());

  return { start, stop, fatal, health, done: ended.promise };
}

function quiesceOne(component: Component): Error | null {
  try {
    component.quiesce?.();
    return null;
  } catch (error) {
    return asError(error);
  }
}

/** Null when it stopped in time. */
async function stopOne(component: Component, abort: AbortSignal, leftMs: number): Promise<Error | null> {
  const timer = new AbortController();
  const tooLate = delay(leftMs, new Error(`${component.name} did not stop within its time`), { signal: timer.signal });
  const stopped = Promise.resolve()
    .then(() => component.stop(abort))
    .then(() => null);
  try {
    return await Promise.race([stopped, tooLate]);
  } catch (error) {
    return asError(error);
  } finally {
    timer.abort();
    tooLate.catch(() => {});
    stopped.catch(() => {});
  }
}

function describeReadiness(component: Component): ServiceHealth['components'][number] {
  const { name } = component;
  let readiness: Readiness;
  try {
    readiness = component.readiness();
  } catch {
    readiness = { ready: false, why: 'cannot tell' };
  }
  return readiness.ready ? { name, ready: true } : { name, ready: false, why: readiness.why };
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error('something that is no Error was thrown'));
