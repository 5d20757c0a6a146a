/**
 * A laboratory system that speaks REST, behind the target's port (ADR 0015). In: the waiting orders of one patient; out: a verdict each.
 *
 * Promise: nothing is sent before the laboratory's contract was found to hold. A patient is registered, and an order placed, only after a look-up
 * said in so many words that it is not there, and with an Idempotency-Key that follows from the order: so a lost reply, a crash or a second
 * instance ends in the same one record. A look-up that fails is no answer. What concerns one order holds that order alone.
 * Not promised: amendments where the laboratory does not say that it takes them (needs review), and one record where the laboratory runs a POST after it had
 * answered a later look-up *and* does not honour the key.
 */
import { AppError, classify } from '@clinstream/runtime/errors';
import type { Telemetry } from '@clinstream/runtime/telemetry';
import type { DeliveryContext, Target, Verdict, Work } from '../../delivery/target.ts';
import type { Subject } from '../../domain/subject.ts';
import { createLisClient } from './client.ts';
import { createContractCheck } from './contract-check.ts';
import { deliverOrder } from './deliver-order.ts';
import { createLisHttp, type LisHttpOptions } from './http.ts';

export type RestLisConfig = LisHttpOptions & {
  /** Where the laboratory describes itself (OpenAPI, JSON), from its root. */
  readonly descriptionPath: string;
};
export type RestLisDeps = { readonly telemetry: Telemetry };

export function createRestLisTarget(config: RestLisConfig, { telemetry }: RestLisDeps): Target {
  const http = createLisHttp(config);
  const client = createLisClient(http);
  const log = telemetry.log.child({ component: 'lis-rest' });
  const contract = createContractCheck({ http, client, log, descriptionPath: config.descriptionPath });
  const starting = new AbortController();

  async function deliver(works: readonly Work[], context: DeliveryContext): Promise<readonly Verdict[]> {
    await contract.hold(context.signal);
    const verdicts: Verdict[] = [];
    for (const work of works) verdicts.push(await deliverOne(work, context).catch(awayAfter(verdicts)));
    return verdicts;
  }

  async function deliverOne(work: Work, context: DeliveryContext): Promise<Verdict> {
    try {
      return await deliverOrder(work, {
        ...{ client, context, now: telemetry.clock.now() },
        takesAmendments: contract.takesAmendments(),
      });
    } catch (error) {
      if (!isOfOneRequest(error)) throw error;
      // No answer to one request: is it the request, or is nobody there? Only the former is this order's trouble.
      await contract.ask(context.signal);
      return { outcome: 'retry', code: error.code, afterMs: retryAfterMs(work.attempts) };
    }
  }

  return {
    name: 'lis',
    takes: isLaboratoryOrder,
    deliver,
    probe: (signal) => contract.check(signal),
    async start() {
      // Away is no reason not to start: it is asked again before anything is sent.
      void contract
        .check(starting.signal)
        .catch((error: unknown) => log.warn({ err: error }, 'the laboratory system is not there'));
    },
    async stop() {
      starting.abort();
      await http.close();
    },
    readiness: () => contract.readiness(),
  };
}

/** Verdicts already given are not thrown away with a later order's: that one is tried again, and finds out for all whether anybody is there. */
const awayAfter =
  (given: readonly Verdict[]) =>
  (error: unknown): Verdict => {
    if (given.length === 0) throw error;
    const { code, retryAfterMs: asked } = classify(error, 'outbound');
    return { outcome: 'retry', code, afterMs: asked ?? retryAfterMs(0) };
  };

const isLaboratoryOrder = (subject: Subject): boolean => subject.kind === 'order' && subject.state.kind === 'laboratory';

const isOfOneRequest = (error: unknown): error is AppError =>
  error instanceof AppError && (error.code === 'LIS_REQUEST_UNANSWERED' || error.code === 'LIS_ANSWER_UNREADABLE');

const maxRetryMs = 60_000;
const retryAfterMs = (attempts: number): number => Math.min(maxRetryMs, 1_000 * 2 ** Math.min(attempts, 10));
