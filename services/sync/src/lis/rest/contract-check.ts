/**
 * Whether the laboratory serves what we need. Its own OpenAPI description is compared with our contract; where it has none, a look-up of a patient
 * nobody has must be answered properly. One log line for each thing that is missing, told once until it changes. Nothing is delivered before it holds.
 */
import type { Readiness } from '@clinstream/runtime/lifecycle';
import type { Logger } from '@clinstream/runtime/telemetry';
import { isServed, missingIn, nameOf } from './check-contract.ts';
import type { LisClient } from './client.ts';
import { amendOrder, operations } from './contract.ts';
import { lisRestError } from './errors.ts';
import type { LisHttp } from './http.ts';

export type ContractCheckDeps = {
  readonly http: Pick<LisHttp, 'send'>;
  readonly client: Pick<LisClient, 'findPatient'>;
  readonly log: Logger;
  readonly descriptionPath: string;
};

export type ContractCheck = ReturnType<typeof createContractCheck>;

/** No facility writes its keys like this. */
const nobody = 'clinstream|contract|check';

export function createContractCheck({ http, client, log, descriptionPath }: ContractCheckDeps) {
  let state: 'unknown' | 'holds' | 'missing' = 'unknown';
  let told = '';
  let takesAmendments = false;

  async function missing(signal: AbortSignal): Promise<readonly string[]> {
    const { status, body } = await http.send({ method: 'GET', path: descriptionPath }, signal);
    takesAmendments = status === 200 && isServed(amendOrder, body);
    if (status === 200 && typeof body === 'object' && body !== null && 'paths' in body) return missingIn(body);
    return (await isAnswering(signal)) ? [] : [`${nameOf(operations.findPatient)} does not answer a look-up as it should`];
  }

  async function isAnswering(signal: AbortSignal): Promise<boolean> {
    try {
      return (await client.findPatient(nobody, signal)).kind === 'none';
    } catch (error) {
      if ((error as { code?: unknown }).code === 'LIS_ANSWER_UNREADABLE') return false;
      throw error;
    }
  }

  function tell(lines: readonly string[]): void {
    const text = lines.join('\n');
    if (text === told) return;
    told = text;
    for (const why of lines) log.error({ why, code: 'LIS_CONTRACT_MISMATCH' }, 'the laboratory system lacks something we need');
    if (lines.length === 0) log.info('the laboratory system serves what we need');
  }

  /** Resolves when the contract holds; rejects with LIS_CONTRACT_MISMATCH, or with what kept us from asking. */
  async function check(signal: AbortSignal): Promise<void> {
    const lines = await missing(signal).catch(asAway);
    tell(lines);
    state = lines.length === 0 ? 'holds' : 'missing';
    if (lines.length > 0) throw lisRestError('LIS_CONTRACT_MISMATCH');
  }

  return {
    check,
    /** Checks until it held once. */
    hold: async (signal: AbortSignal): Promise<void> => {
      if (state !== 'holds') await check(signal);
    },
    /** As it was found when the contract was last checked. */
    takesAmendments: (): boolean => takesAmendments,
    /** Whether anybody answers at all; rejects with a retryable/dependency error. */
    ask: async (signal: AbortSignal): Promise<void> => {
      await isAnswering(signal).catch(asAway);
    },
    readiness: (): Readiness =>
      state === 'holds'
        ? { ready: true }
        : { ready: false, why: state === 'missing' ? 'LIS_CONTRACT_MISMATCH' : 'LIS_UNAVAILABLE' },
  };
}

/** A harmless question that gets no answer is about the laboratory, whatever it would be about a single order. */
function asAway(error: unknown): never {
  const code = (error as { code?: unknown }).code;
  throw code === 'LIS_REQUEST_UNANSWERED' || code === 'LIS_ANSWER_UNREADABLE'
    ? lisRestError('LIS_UNAVAILABLE', { cause: error })
    : error;
}
