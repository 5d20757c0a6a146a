/**
 * The way of one order from a checked-shape body to its place in the log. A placement reserves its placer number for its content, so that
 * the same order again changes nothing and another under the same number is refused at once; amendments and cancellations need no store.
 * The key is reserved before the number: a refused request must not take a placer number with it.
 */
import { formatLogPosition, laneOf } from '@clinstream/contracts';
import type { ModelCatalog } from '../domain/model-catalog.ts';
import { checkOrder, type OrderBody, type OrderCommand, orderCommandDigest, orderEventsFrom } from '../domain/order-request.ts';
import type { Origin } from '../domain/publication.ts';
import { placementReservation } from '../idempotency/placement.ts';
import type { Caller } from './caller.ts';
import { duplicateOrder, keyReused, RefusedError, refusedByLog, refusedFaults } from './refusal.ts';
import type { AcceptedOrder } from './schemas.ts';
import { type AnalysisDeps, acceptedAnalysis, reserveAll } from './submit-analysis.ts';

export type SubmitOrder = (body: OrderBody, key: string | null, caller: Caller) => Promise<AcceptedOrder>;

/** The returned function rejects with RefusedError. */
export function createOrderSubmitter(deps: AnalysisDeps): SubmitOrder {
  return async (body, key, caller) => {
    const command = commandOf(body, deps.models);
    const keyedAt = key === null ? deps.clock.now() : await reserveKey(deps, command, key, caller);
    const requestedAt = command.action === 'place' ? await reservePlacement(deps, command, keyedAt) : keyedAt;
    const origin = { ...caller, requestedBy: caller.client, requestedAt };
    return publishOrder(deps, command, origin, command.action === 'place' || key !== null);
  };
}

function commandOf(body: OrderBody, models: ModelCatalog): OrderCommand {
  const checked = checkOrder(body, models);
  if (!checked.ok) throw new RefusedError(refusedFaults(checked.faults, models));
  return checked.value;
}

/** The time of the first request under this key. */
async function reserveKey(deps: AnalysisDeps, command: OrderCommand, key: string, caller: Caller): Promise<number> {
  const digest = orderCommandDigest(command);
  const [reservation] = await reserveAll(deps.reservations, [
    { client: caller.client, operation: 'orders', key, digest, id: command.orderId, requestedAt: deps.clock.now() },
  ]);
  if (reservation === undefined || reservation.outcome === 'conflict') throw new RefusedError(keyReused);
  return reservation.requestedAt;
}

/** The time this order was first placed. */
async function reservePlacement(deps: AnalysisDeps, command: OrderCommand, requestedAt: number): Promise<number> {
  const [reservation] = await reserveAll(deps.reservations, [placementReservation(command, requestedAt)]);
  if (reservation === undefined || reservation.outcome === 'conflict') throw new RefusedError(duplicateOrder(command.orderId));
  return reservation.requestedAt;
}

/** Both events, or the sender is told to repeat: equal ids make the repeat of the one that got through harmless. */
async function publishOrder(
  deps: AnalysisDeps,
  command: OrderCommand,
  origin: Origin,
  isRepeatable: boolean,
): Promise<AcceptedOrder> {
  const { order, analysis } = orderEventsFrom(command, origin);
  try {
    const [position, asked] = await Promise.all([deps.publish(order), analysis === null ? null : deps.publish(analysis)]);
    return {
      ...acceptedOrder(deps.publicUrl, command.orderId, formatLogPosition(position)),
      analysis:
        analysis === null || asked === null
          ? null
          : acceptedAnalysis(deps.publicUrl, analysis.value.jobId, asked, laneOf(analysis.value.priority)),
    };
  } catch (error) {
    const refusal = refusedByLog(error, isRepeatable);
    throw refusal === null ? error : new RefusedError(refusal);
  }
}

const acceptedOrder = (publicUrl: string, orderId: string, position: string) => ({
  orderId,
  position,
  links: { self: `${publicUrl}/v1/orders/${orderId}?position=${position}` },
});
