/**
 * The laboratory that speaks HL7 v2 over MLLP, behind the target's port (ADR 0014). In: the waiting orders of one patient; out: a verdict each.
 *
 * Promise: nothing leaves before its bytes stand in the ledger; identical bytes go twice only where the laboratory takes repeats once, or a person
 * asked; an order whose outcome is unknown holds itself and no other. Not promised: that an order is sent while another patient of the same
 * lane waits for an answer (at most the reply time-out).
 */
import { classify } from '@clinstream/runtime/errors';
import type { Readiness } from '@clinstream/runtime/lifecycle';
import { createMetrics, type Telemetry } from '@clinstream/runtime/telemetry';
import type { DeliveryContext, Target, Verdict, Work } from '../../delivery/target.ts';
import { type ClientOptions, createLisClient, type Line } from './client.ts';
import { deliverOrder } from './deliver-order.ts';
import { lisMllpMetrics } from './metrics.ts';
import type { LisSettings } from './settings.ts';

export type MllpLisConfig = { readonly client: ClientOptions; readonly settings: LisSettings };

export function createMllpLisTarget(config: MllpLisConfig, { telemetry }: { readonly telemetry: Telemetry }): Target {
  const metrics = createMetrics(telemetry.registry, lisMllpMetrics);
  const client = createLisClient(config.client, telemetry.clock, {
    onConnections: (change) => metrics.connections.inc(change),
    onDiscarded: () => metrics.discarded.inc(),
  });
  let readiness: Readiness = { ready: false, why: 'not started' };

  async function deliverAll(works: readonly Work[], context: DeliveryContext, line: Line): Promise<readonly Verdict[]> {
    const verdicts: Verdict[] = [];
    for (const work of works) verdicts.push(await deliverOne(work, context, line, verdicts.length > 0));
    return verdicts;
  }

  /** The first finds out whether the laboratory is there; verdicts already given are not thrown away with a later one. */
  async function deliverOne(work: Work, context: DeliveryContext, line: Line, isLater: boolean): Promise<Verdict> {
    try {
      return await deliverOrder(work, {
        line,
        context,
        settings: config.settings,
        now: () => telemetry.clock.now(),
        onExchange: (control, result, durationMs) => {
          metrics.exchanges.labels({ control, result }).inc();
          metrics.seconds.observe(durationMs / 1000);
        },
      });
    } catch (error) {
      if (!isLater) throw error;
      const { code, retryAfterMs } = classify(error, 'outbound');
      return { outcome: 'retry', afterMs: retryAfterMs ?? config.settings.retryAfterMs, code };
    }
  }

  return {
    name: 'lis',
    takes: (subject) => subject.kind === 'order' && subject.state.kind === 'laboratory',
    deliver: (works, context) => {
      const [first] = works;
      if (first === undefined) return Promise.resolve([]);
      return client.onLane(first.patientKey, context.signal, (line) => deliverAll(works, context, line));
    },
    probe: (signal) => client.probe(signal),
    start: async () => {
      readiness = { ready: true };
    },
    stop: async (deadline) => {
      readiness = { ready: false, why: 'stopping' };
      await client.stop(deadline);
    },
    readiness: () => readiness,
  };
}
