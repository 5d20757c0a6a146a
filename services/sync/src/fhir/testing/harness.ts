/** The FHIR side from the dispatcher's call down to the socket, with the tests' plain rendering in place of the real one. */
import { createSilentTelemetry, type Telemetry } from '@clinstream/runtime/telemetry';
import type { DeliveryContext, Verdict, Work } from '../../delivery/target.ts';
import type { RenderSettings } from '../../domain/fhir/types.ts';
import { createBlame } from '../blame.ts';
import type { FhirConfig } from '../config.ts';
import { readMetadata } from '../conformance.ts';
import { createFhirConnection, type FhirConnection } from '../connection.ts';
import { deliverWorks } from '../deliver.ts';
import { identifyPatient } from '../identify.ts';
import { createPatientFinder } from '../patients.ts';
import type { Counted } from '../send.ts';
import { createValidator } from '../validate.ts';
import { renderSaid } from './works.ts';

export const settings: RenderSettings = {
  systemBase: 'urn:clinstream:test',
  codeSystems: {},
  patientSystems: {},
  releaseUnreviewed: false,
  writePatient: true,
  writeTasks: true,
};

export const configOf = (baseUrl: string, more: Partial<FhirConfig> = {}): FhirConfig => ({
  baseUrl,
  auth: { kind: 'none' },
  timeoutMs: 5_000,
  concurrency: 4,
  requestsPerSecond: 100,
  validate: false,
  writePatient: true,
  writeTasks: true,
  releaseUnreviewed: false,
  pollIntervalMs: 0,
  pollOverlapMs: 1_000,
  systemBase: settings.systemBase,
  systemsFile: null,
  ...more,
});

export type Harness = {
  readonly connection: FhirConnection;
  readonly counted: Readonly<Record<Counted, number>>;
  deliver(works: readonly Work[], context: DeliveryContext): Promise<readonly Verdict[]>;
  stop(): Promise<void>;
};

export function createHarness(
  baseUrl: string,
  more: Partial<FhirConfig> = {},
  telemetry: Telemetry = createSilentTelemetry(),
): Harness {
  const config = configOf(baseUrl, more);
  const connection = createFhirConnection(config, { telemetry });
  const { client } = connection;
  const counted = { conflict: 0, split: 0, written: 0, unchanged: 0 };
  const deps = {
    client,
    blame: createBlame(async (signal) => void (await readMetadata(client, signal))),
    patients: createPatientFinder({ client, clock: telemetry.clock, identify: (key) => identifyPatient(key, settings) }),
    validator: config.validate ? createValidator(client) : null,
    render: renderSaid,
    findForeignRequest: async () => null,
    random: () => 0.5,
    count: (what: Counted, by: number) => {
      counted[what] += by;
    },
  };
  return {
    connection,
    counted,
    deliver: (works, context) => deliverWorks(works, context, deps),
    stop: () => connection.close(),
  };
}
