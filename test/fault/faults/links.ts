/** Links that break: every service's way to Kafka, Postgres and the registry, cut, slow, or a black hole. */
import type { Fault as LinkFault } from '@clinstream/testkit';
import type { Fault } from '../lib/fault.ts';
import { type Dependency, dependencies, type ProxiedPart, proxiedParts } from '../lib/rig.ts';

type Way = { readonly name: string; readonly fault: LinkFault; readonly forMs: number };

const ways: readonly Way[] = [
  { name: 'cut', fault: { kind: 'cut' }, forMs: 5_000 },
  { name: 'slow', fault: { kind: 'slow', delayMs: 250 }, forMs: 8_000 },
  // Longer than the session timeout.
  { name: 'black-hole', fault: { kind: 'blackHole' }, forMs: 14_000 },
];

/** http needs no Kafka and no registry, inference no Postgres. */
const needs: Readonly<Record<ProxiedPart, readonly Dependency[]>> = {
  ingest: dependencies,
  inference: ['kafka', 'registry'],
  sink: dependencies,
  http: ['postgres'],
};

const link = (part: ProxiedPart, to: Dependency, { name, fault, forMs }: Way): Fault => ({
  name: `${name}-${part}-${to}`,
  about: `${name} between ${part} and ${to} for ${forMs / 1000} s`,
  rig: 'proxied',
  inject: async ({ rig, sleep }) => {
    const proxy = rig.proxy(part, to);
    proxy.set(fault);
    await sleep(forMs);
    proxy.set({ kind: 'pass' });
  },
});

/** Two short resets in a row, in the middle of whatever is under way. */
const resets = (part: ProxiedPart, to: Dependency): Fault => ({
  name: `reset-${part}-${to}`,
  about: `connections between ${part} and ${to} are reset again and again`,
  rig: 'proxied',
  inject: async ({ rig, sleep, random }) => {
    const proxy = rig.proxy(part, to);
    for (let round = 0; round < 8; round++) {
      proxy.set({ kind: 'cut' });
      proxy.set({ kind: 'pass' });
      await sleep(random.integer(1_200));
    }
  },
});

export const linkFaults: readonly Fault[] = proxiedParts.flatMap((part) =>
  needs[part].flatMap((to) => [...ways.map((way) => link(part, to, way)), resets(part, to)]),
);
