/** The sync service, wired: read top to bottom. Components start in the order returned and stop in the reverse. */
import type { AppDeps, Component } from '@clinstream/runtime/lifecycle';
import { createAlertObserver, createEscalator } from './alerts/index.ts';
import type { FhirSideConfig, LisSideConfig, SyncConfig } from './config.ts';
import { deviceFor } from './domain/fhir/device.ts';
import { createFhirConnection } from './fhir/connection.ts';
import { createFindForeignRequest } from './fhir/foreign-requests.ts';
import { createFhirPoller } from './fhir/poller.ts';
import { readRenderSettings } from './fhir/render-settings.ts';
import { createFhirTarget } from './fhir/target.ts';
import { createLisTarget } from './lis/target.ts';
import { readManifests } from './read-manifests.ts';
import { createSide, type SideOptions } from './side.ts';

export async function createApp(config: SyncConfig, deps: AppDeps): Promise<readonly Component[]> {
  const fhir = config.fhirSide === null ? [] : await fhirSide(config, config.fhirSide, deps);
  const lis = config.lisSide === null ? [] : lisSide(config, config.lisSide, deps);
  return [...fhir, ...lis];
}

const sharedOf = ({
  kafka,
  registry,
  postgres,
  ...delivery
}: SyncConfig): Pick<SideOptions, 'kafka' | 'registry' | 'postgres' | 'delivery'> => ({
  kafka,
  registry,
  postgres,
  delivery,
});

/** A laboratory must not be ordered again, on a first start, what it did last winter. */
const laboratoryHistoryDays = 3;

/** A second's worth at once, then the rate. */
const rateOf = (perSecond: number): SideOptions['rate'] => ({ perSecond, burst: perSecond });

async function fhirSide(config: SyncConfig, { fhir, modelsDir }: FhirSideConfig, deps: AppDeps): Promise<readonly Component[]> {
  const settings = await readRenderSettings(fhir);
  const manifests = await readManifests(modelsDir);
  const devices = manifests.map((manifest) => deviceFor(manifest, settings));
  const connection = createFhirConnection(fhir, deps);
  const side = createSide(
    {
      ...sharedOf(config),
      name: 'fhir',
      concurrency: fhir.concurrency,
      rate: rateOf(fhir.requestsPerSecond),
      makeTarget: ({ telemetry, onFatal, postgres, producer }) => ({
        target: createFhirTarget(fhir, {
          telemetry,
          onFatal,
          connection,
          manifests,
          settings,
          devices,
          findForeignRequest: createFindForeignRequest(postgres, fhir.baseUrl),
        }),
        observers: [],
        components:
          fhir.pollIntervalMs === 0 ? [] : [createFhirPoller(fhir, { telemetry, connection, postgres, producer, settings })],
      }),
    },
    deps,
  );
  return side.components;
}

function lisSide(config: SyncConfig, { lis, alerts }: LisSideConfig, deps: AppDeps): readonly Component[] {
  const side = createSide(
    {
      ...sharedOf({ ...config, historyDays: config.historyDays ?? laboratoryHistoryDays }),
      name: 'lis',
      concurrency: lis.concurrency,
      rate: rateOf(lis.ordersPerSecond),
      makeTarget: (parts) => ({
        target: createLisTarget(lis, parts),
        observers: [createAlertObserver(alerts, parts)],
        components: [createEscalator(alerts, parts)],
      }),
    },
    deps,
  );
  return side.components;
}
