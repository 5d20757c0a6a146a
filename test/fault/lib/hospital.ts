/** Whom sync tells in a rig: a real FHIR server that validates, reached through a proxy that can lose replies, and a laboratory that does as it is told. */
import type { TargetAddresses } from '@clinstream/local';
import { freePort, startFhirServer } from '@clinstream/testkit';
import { type Behaviour, type LabMessage, startFakeLab, well } from '../../../services/sync/src/lis/mllp/testing/fake-lab.ts';
import { type LossyProxy, startLossyProxy } from './lossy-proxy.ts';

type FhirServer = Awaited<ReturnType<typeof startFhirServer>>;

export type Arrived = LabMessage & { /** Epoch milliseconds. */ readonly at: number };

export type Hospital = {
  readonly fhir: FhirServer;
  readonly proxy: LossyProxy;
  readonly lab: {
    /** In order of arrival, also what it did not answer. */
    received(): readonly Arrived[];
    behave(behaviour: Behaviour): void;
  };
  readonly targets: TargetAddresses;
  /** Of both sync processes. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
};

export async function startHospital(dir: string): Promise<Hospital> {
  const fhir = await startFhirServer({ dir, port: await freePort() });
  const proxy = await startLossyProxy(fhir.baseUrl);
  const received: Arrived[] = [];
  let behaviour = well;
  const lab = await startFakeLab(
    (message, answer) => {
      received.push({ ...message, at: Date.now() });
      behaviour(message, answer);
    },
    { deduplicates: true },
  );
  return {
    fhir,
    proxy,
    lab: {
      received: () => received,
      behave: (next) => {
        behaviour = next;
      },
    },
    targets: { fhirBaseUrl: proxy.baseUrl, lis: { host: '127.0.0.1', port: lab.port, isOurs: true } },
    env: { LIS_TIMEOUT_MS: String(labTimeoutMs), FHIR_TIMEOUT_MS: '30000' },
    stop: async () => {
      await proxy.stop();
      await lab.stop();
      await fhir.kill();
    },
  };
}

/** What sync waits for an answer of the laboratory. */
export const labTimeoutMs = 2_000;
