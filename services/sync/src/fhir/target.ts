/**
 * The FHIR R4 server as a target (ADR 0011): meets it at start, tells it about patients, and says when it is there again.
 *
 * Promise: nothing is sent that stands there already; a resource that is not ours, or newer than what we know, is never overwritten; the reply to
 * one patient never holds up another; no reply, however hostile, makes it throw anything but a retryable error.
 * Not promised: that a first write that stalled in the network for longer than a lease cannot land after its successor; the next change of that
 * resource puts it right (If-Match), and servers that keep no If-Match are named at start.
 */
import type { ModelManifest } from '@clinstream/contracts';
import type { AppDeps, Component } from '@clinstream/runtime/lifecycle';
import { createMetrics } from '@clinstream/runtime/telemetry';
import type { Target, Work } from '../delivery/target.ts';
import { render } from '../domain/fhir/render.ts';
import type { RenderSettings } from '../domain/fhir/types.ts';
import { createBlame } from './blame.ts';
import type { FhirConfig } from './config.ts';
import { createConformance, isFatal, readMetadata } from './conformance.ts';
import type { FhirConnection } from './connection.ts';
import { deliverWorks } from './deliver.ts';
import { writeDevices } from './devices.ts';
import { fhirError } from './errors.ts';
import type { FindForeignRequest } from './foreign-requests.ts';
import { identifyPatient } from './identify.ts';
import { isObject } from './json.ts';
import { fhirMetrics } from './metrics.ts';
import { createPatientFinder } from './patients.ts';
import { readMemo } from './plan.ts';
import { keyOf, type Resource } from './resource.ts';
import type { Counted } from './send.ts';
import { createValidator } from './validate.ts';

export type FhirTargetDeps = Pick<AppDeps, 'telemetry' | 'onFatal'> & {
  readonly connection: FhirConnection;
  readonly manifests: readonly ModelManifest[];
  readonly settings: RenderSettings;
  /** One per model, written once at start. */
  readonly devices: readonly Resource[];
  /** Where the poller's orders stand; without it, every order is written. */
  readonly findForeignRequest?: FindForeignRequest;
  readonly random?: () => number;
};

export function createFhirTarget(config: Pick<FhirConfig, 'validate'>, deps: FhirTargetDeps): Target {
  const { telemetry, onFatal, connection, manifests, settings, devices, random = Math.random } = deps;
  const { client } = connection;
  const metrics = createMetrics(telemetry.registry, fhirMetrics);
  const conformance = createConformance({
    client,
    log: telemetry.log,
    onFatal,
    onMet: (signal) => writeDevices(client, devices, signal),
  });
  /** Reads what is stored, too: a capability statement comes from memory on most servers. */
  const probe = async (signal: AbortSignal): Promise<void> => {
    await readMetadata(client, signal);
    const [device] = devices;
    const reply = device === undefined ? null : await client.send({ method: 'GET', path: keyOf(device), signal });
    if (reply !== null && reply.status >= 500) throw fhirError('FHIR_SERVER_ERROR');
  };
  const counters = {
    conflict: metrics.conflicts,
    split: metrics.splits,
    written: metrics.resources.labels({ outcome: 'written' }),
    unchanged: metrics.resources.labels({ outcome: 'unchanged' }),
  };
  const count = (what: Counted, by: number) => counters[what].inc(by);
  const rendered = (work: Work, patientReference: string | null) => {
    const { related } = work;
    return render(work.subject, {
      related,
      delivered: standingKeys(work),
      patientReference,
      manifests,
      settings,
    });
  };
  const delivering = {
    client,
    blame: createBlame(probe),
    patients: createPatientFinder({ client, clock: telemetry.clock, identify: (key) => identifyPatient(key, settings) }),
    validator: config.validate ? createValidator(client) : null,
    render: rendered,
    findForeignRequest: deps.findForeignRequest ?? (async () => null),
    random,
    count,
  };
  return {
    ...lifecycleOf(connection, conformance),
    name: 'fhir',
    takes: ({ kind }) => kind !== 'patient' || settings.writePatient,
    lookAhead: (patientKey) => delivering.patients.lookAhead(patientKey),
    deliver: async (works, context) => {
      if (conformance.capabilities() === null) throw fhirError('FHIR_UNREACHABLE');
      return await deliverWorks(works, context, delivering);
    },
    probe: async (signal) => {
      if (conformance.capabilities() === null) throw fhirError('FHIR_UNREACHABLE');
      await probe(signal).catch((error: unknown) => {
        if (isFatal(error)) onFatal(error);
        throw error;
      });
    },
  };
}

const lifecycleOf = (connection: FhirConnection, conformance: Component) => ({
  start: async () => {
    await connection.open();
    await conformance.start();
  },
  stop: async (deadline: AbortSignal) => {
    await conformance.stop(deadline);
    await connection.close();
  },
  readiness: () => conformance.readiness(),
});

/** `Type/id` of what stands there for this subject, and of what may: what was sent and never answered. */
function standingKeys({ delivered, intent }: Work): readonly string[] {
  const sent = isObject(intent?.memo) ? intent.memo['keys'] : [];
  const maybe = Array.isArray(sent) ? sent.filter((key) => typeof key === 'string') : [];
  return [...new Set([...Object.keys(readMemo(delivered?.memo ?? null).resources), ...maybe])];
}
