/** The laboratory, whichever way it speaks. */
import type { Telemetry } from '@clinstream/runtime/telemetry';
import type { Target } from '../delivery/target.ts';
import type { LisConfig } from './config.ts';
import { createMllpLisTarget } from './mllp/target.ts';
import { createRestLisTarget } from './rest/target.ts';

export function createLisTarget(config: LisConfig, deps: { readonly telemetry: Telemetry }): Target {
  if (config.kind === 'mllp') return createMllpLisTarget(config.mllp, deps);
  return createRestLisTarget({ ...config.rest, connections: config.concurrency }, deps);
}
