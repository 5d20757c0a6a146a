/**
 * Meets the server: waits until it is there, says at once in one line each what it lacks, and writes the model devices (once, not in bundles:
 * parallel bundles would fight over them, facts 6.12). A server of another FHIR version is fatal: nothing written there would mean what we meant.
 *
 *   waiting ──/metadata answers──> met        readiness follows; back-off as for every dependency, one line per outage by the readiness log
 *
 * Not promised: that what a CapabilityStatement claims is true. What is lacking is told, not refused: some servers say too little.
 */
import { AppError, backOffDelay, classify, dependencyBackOff, sleep } from '@clinstream/runtime/errors';
import type { Component, OnFatal, Readiness } from '@clinstream/runtime/lifecycle';
import type { Logger } from '@clinstream/runtime/telemetry';
import { type Capabilities, isR4, readCapabilities } from './capabilities.ts';
import type { FhirClient } from './client.ts';
import { fhirError } from './errors.ts';

export type Conformance = Component & {
  /** Null until the server was met. */
  capabilities(): Capabilities | null;
};

export type ConformanceOptions = {
  readonly client: FhirClient;
  readonly log: Logger;
  readonly onFatal: OnFatal;
  /** What must be done once before anything is written. Repeated when it fails. */
  readonly onMet: (signal: AbortSignal) => Promise<void>;
  readonly wait?: typeof sleep;
};

/** Rejects with FHIR_NOT_FHIR, FHIR_WRONG_VERSION or as the client does. */
export async function readMetadata(client: FhirClient, signal: AbortSignal): Promise<Capabilities> {
  const reply = await client.send({ method: 'GET', path: 'metadata', signal });
  if (reply.status >= 500) throw fhirError('FHIR_SERVER_ERROR');
  const capabilities = readCapabilities(reply.status === 200 ? reply.resource : null);
  if (capabilities.fhirVersion === null) throw fhirError('FHIR_NOT_FHIR');
  if (!isR4(capabilities.fhirVersion)) throw fhirError('FHIR_WRONG_VERSION');
  return capabilities;
}

export function createConformance({ client, log, onFatal, onMet, wait = sleep }: ConformanceOptions): Conformance {
  const stopping = new AbortController();
  let met: Capabilities | null = null;
  let why = 'the FHIR server has not answered yet';
  let told = false;
  let meeting: Promise<void> = Promise.resolve();

  async function meetOnce(): Promise<void> {
    const found = await readMetadata(client, stopping.signal);
    if (!told) for (const lack of found.lacks) log.warn({ dependency: 'fhir', why: lack }, 'the FHIR server lacks');
    told = true;
    await onMet(stopping.signal);
    met = found;
  }

  async function meet(): Promise<void> {
    for (let attempt = 1; met === null && !stopping.signal.aborted; attempt++) {
      const error = await meetOnce().then(
        () => null,
        (thrown: unknown) => classify(thrown, 'outbound'),
      );
      if (error === null || stopping.signal.aborted) return;
      if (error.kind === 'fatal') return onFatal(error);
      why = `${error.code}: ${error.message}`;
      await wait(Math.max(backOffDelay(dependencyBackOff, attempt), Math.min(error.retryAfterMs ?? 0, 5_000)), stopping.signal);
    }
  }

  return {
    name: 'fhir',
    start: async () => {
      meeting = meet();
    },
    stop: async () => {
      stopping.abort();
      await meeting;
    },
    readiness: (): Readiness => (met === null ? { ready: false, why } : { ready: true }),
    capabilities: () => met,
  };
}

/** A fatal error of a probe ends the service: the server was replaced by one of another version while we ran. */
export const isFatal = (error: unknown): error is AppError => error instanceof AppError && error.kind === 'fatal';
