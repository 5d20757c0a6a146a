/**
 * The way of one analysis from a checked-shape body to its place in the log, in three steps that single requests and batches share:
 * check (pure), reserve the key (keyed requests only), publish. Nothing is answered as accepted before the log confirmed.
 */
import { formatLogPosition, jobIdOfRequest, type LogPosition } from '@clinstream/contracts';
import type { Clock } from '@clinstream/runtime/lifecycle';
import {
  type AnalysisBody,
  type AnalysisCommand,
  analysisDigest,
  analysisRequestedFrom,
  checkAnalysis,
  laneOfCommand,
} from '../domain/analysis-request.ts';
import type { ModelCatalog } from '../domain/model-catalog.ts';
import type { Reservation, ReservationRequest, Reservations } from '../idempotency/types.ts';
import type { Caller } from './caller.ts';
import type { PublishConfirmed } from './publish-confirmed.ts';
import { keyReused, type Refusal, RefusedError, refusedByLog, refusedByStore, refusedFaults } from './refusal.ts';
import type { AcceptedAnalysis } from './schemas.ts';

/** Keys of single requests and of batch lines are the same keys: a line may be repeated alone. */
const operation = 'analyses';

/** Checked, and under its id; `requestedAt` is the first request's once the key is reserved. */
export type Prepared = {
  readonly command: AnalysisCommand;
  readonly key: string | null;
  readonly digest: string;
  readonly jobId: string;
  readonly requestedAt: number;
};

export type AnalysisDeps = {
  readonly models: ModelCatalog;
  readonly reservations: Reservations;
  readonly publish: PublishConfirmed;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly publicUrl: string;
};

export type AnalysisSubmitter = {
  /** The whole way of one. Rejects with RefusedError. */
  submit(body: AnalysisBody, key: string | null, caller: Caller): Promise<AcceptedAnalysis>;
  /** Throws RefusedError. */
  prepare(body: AnalysisBody, key: string | null, caller: Caller): Prepared;
  /** Per item the reserved one or its refusal, in order. Rejects with RefusedError when the store is away. */
  reserve(prepared: readonly Prepared[], caller: Caller): Promise<readonly (Prepared | Refusal)[]>;
  /** Handed to the log before it returns its promise, so that calls in order stand in the log in order. Rejects with RefusedError. */
  publish(prepared: Prepared, caller: Caller): Promise<AcceptedAnalysis>;
};

export function createAnalysisSubmitter(deps: AnalysisDeps): AnalysisSubmitter {
  const prepare: AnalysisSubmitter['prepare'] = (body, key, caller) => {
    const checked = checkAnalysis(body, deps.models);
    if (!checked.ok) throw new RefusedError(refusedFaults(checked.faults, deps.models));
    const requestedAt = deps.clock.now();
    if (key === null) return { command: checked.value, key, digest: '', jobId: deps.newId(), requestedAt };
    const jobId = jobIdOfRequest(caller.client, operation, key);
    return { command: checked.value, key, digest: analysisDigest(body), jobId, requestedAt };
  };

  const reserve: AnalysisSubmitter['reserve'] = async (prepared, caller) => {
    const reservations = await reserveAll(
      deps.reservations,
      prepared.map((one) => reservationOf(one, caller)),
    );
    return prepared.map((one, index) => {
      const reservation = reservations[index];
      if (reservation === undefined || reservation.outcome === 'conflict') return keyReused;
      return { ...one, jobId: reservation.id, requestedAt: reservation.requestedAt };
    });
  };

  const publish: AnalysisSubmitter['publish'] = async ({ command, key, jobId, requestedAt }, caller) => {
    const origin = { ...caller, requestedBy: caller.client, requestedAt };
    try {
      const position = await deps.publish(analysisRequestedFrom(command, jobId, origin));
      return acceptedAnalysis(deps.publicUrl, jobId, position, laneOfCommand(command));
    } catch (error) {
      const refusal = refusedByLog(error, key !== null);
      throw refusal === null ? error : new RefusedError(refusal);
    }
  };

  const submit: AnalysisSubmitter['submit'] = async (body, key, caller) => {
    const prepared = prepare(body, key, caller);
    if (key === null) return publish(prepared, caller);
    const [reserved = keyReused] = await reserve([prepared], caller);
    if ('status' in reserved) throw new RefusedError(reserved);
    return publish(reserved, caller);
  };

  return { submit, prepare, reserve, publish };
}

const reservationOf = (prepared: Prepared, caller: Caller): ReservationRequest => ({
  client: caller.client,
  operation,
  key: prepared.key ?? prepared.jobId,
  digest: prepared.digest,
  id: prepared.jobId,
  requestedAt: prepared.requestedAt,
});

/** Rejects with RefusedError when the store is away. */
export async function reserveAll(
  reservations: Reservations,
  requests: readonly ReservationRequest[],
): Promise<readonly Reservation[]> {
  try {
    return await reservations.reserveMany(requests);
  } catch (error) {
    const refusal = refusedByStore(error);
    throw refusal === null ? error : new RefusedError(refusal);
  }
}

/** Both links carry the place in the log, so that they say *pending*, not 404, before the job is projected. */
export function acceptedAnalysis(publicUrl: string, jobId: string, at: LogPosition, lane: string): AcceptedAnalysis {
  const position = formatLogPosition(at);
  const url = `${publicUrl}/v1/analyses/${jobId}`;
  const links = { self: `${url}?position=${position}`, events: `${url}/events?position=${position}` };
  return { jobId, position, lane, links };
}
