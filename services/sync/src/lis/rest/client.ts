/**
 * The laboratory's operations, each with every answer it may give. *Not found* is only what the laboratory says in so many words: a well-formed
 * list without the record, or a 404 of its own making. Everything else that is no record is a failed look-up and rejects: reading "no answer"
 * as "no such patient" is how one person becomes two.
 *
 * Rejects with the codes of http.ts, and LIS_ANSWER_UNREADABLE or LIS_REQUEST_UNANSWERED (500) for this request alone.
 */
import { Compile } from 'typebox/compile';
import {
  type Amendment,
  amendOrder,
  CancelAnswerSchema,
  KeySchema,
  type NewOrder,
  type OrderAnswer,
  OrderListSchema,
  operations,
  type PatientAnswer,
  PatientListSchema,
  type Registration,
} from './contract.ts';
import { lisRestError } from './errors.ts';
import type { LisAnswer, LisHttp } from './http.ts';

export type Found<T> = { readonly kind: 'none' } | { readonly kind: 'one'; readonly record: T } | { readonly kind: 'many' };
/** `exists`: it says that it has it already. `refused`: its content will never do. */
export type Created =
  | { readonly kind: 'created'; readonly id: string; readonly status: number }
  | { readonly kind: 'exists'; readonly status: number }
  | Refusal;
export type Amended =
  | { readonly kind: 'amended'; readonly status: number }
  | { readonly kind: 'unknown'; readonly status: number }
  | Refusal;
export type Cancelled =
  | { readonly kind: 'cancelled'; readonly status: number }
  | { readonly kind: 'unable'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'unknown'; readonly status: number };
export type Refusal = { readonly kind: 'refused'; readonly status: number; readonly body: unknown };

export type LisClient = {
  findPatient(patientId: string, signal: AbortSignal): Promise<Found<PatientAnswer>>;
  registerPatient(registration: Registration, idempotencyKey: string, signal: AbortSignal): Promise<Created>;
  findOrder(testId: string, signal: AbortSignal): Promise<Found<OrderAnswer>>;
  createOrder(order: NewOrder, idempotencyKey: string, signal: AbortSignal): Promise<Created>;
  amendOrder(id: string, amendment: Amendment, idempotencyKey: string, signal: AbortSignal): Promise<Amended>;
  cancelOrder(id: string, idempotencyKey: string, signal: AbortSignal): Promise<Cancelled>;
};

const isPatientList = Compile(PatientListSchema);
const isOrderList = Compile(OrderListSchema);
const isKey = Compile(KeySchema);
const isCancelAnswer = Compile(CancelAnswerSchema);

export function createLisClient(http: Pick<LisHttp, 'send'>): LisClient {
  const get = (path: string, name: string, value: string, signal: AbortSignal): Promise<LisAnswer> =>
    http.send({ method: 'GET', path: `${path}?${name}=${encodeURIComponent(value)}` }, signal);

  return {
    async findPatient(patientId, signal) {
      const answer = await get(operations.findPatient.path, 'patient_id', patientId, signal);
      const found = listIn<PatientAnswer>(answer, isPatientList);
      return theOnly(found, (record) => record.patient_id === patientId);
    },
    async registerPatient(registration, idempotencyKey, signal) {
      const path = operations.registerPatient.path;
      const answer = await http.send({ method: 'POST', path, body: registration, idempotencyKey }, signal);
      return createdBy(answer, 'patient_id', registration.patient_id);
    },
    async findOrder(testId, signal) {
      const answer = await get(operations.findOrder.path, 'test_id', testId, signal);
      const found = listIn<OrderAnswer>(answer, isOrderList);
      return theOnly(found, (record) => record.test_id === testId);
    },
    async createOrder(order, idempotencyKey, signal) {
      const path = operations.createOrder.path;
      const answer = await http.send({ method: 'POST', path, body: order, idempotencyKey }, signal);
      return createdBy(answer, 'test_id', order.test_id);
    },
    async amendOrder(id, amendment, idempotencyKey, signal) {
      const path = amendOrder.path.replace('{}', encodeURIComponent(id));
      return amendedBy(await http.send({ method: 'PATCH', path, body: amendment, idempotencyKey }, signal));
    },
    async cancelOrder(id, idempotencyKey, signal) {
      const path = operations.cancelOrder.path.replace('{}', encodeURIComponent(id));
      return cancelledBy(await http.send({ method: 'POST', path, idempotencyKey }, signal));
    },
  };
}

function listIn<T>(answer: LisAnswer, list: { Check(value: unknown): boolean }): readonly T[] {
  refuseFailed(answer);
  if (answer.status === 404 && isJsonObject(answer.body)) return [];
  if (answer.status !== 200 || !list.Check(answer.body)) throw lisRestError('LIS_ANSWER_UNREADABLE');
  if (Array.isArray(answer.body)) return answer.body as readonly T[];
  const page = answer.body as { readonly results: readonly T[]; readonly next?: string | null };
  // Of one key there is no second page: whoever has one does not know our filter.
  if (typeof page.next === 'string') throw lisRestError('LIS_ANSWER_UNREADABLE');
  return page.results;
}

/** Records that were not asked for mean that the filter was not understood: then nothing follows from what is missing, either. */
function theOnly<T>(records: readonly T[], isAsked: (record: T) => boolean): Found<T> {
  if (!records.every(isAsked)) throw lisRestError('LIS_ANSWER_UNREADABLE');
  const [record] = records;
  if (record === undefined) return { kind: 'none' };
  return records.length > 1 ? { kind: 'many' } : { kind: 'one', record };
}

function createdBy(answer: LisAnswer, name: string, value: string): Created {
  const { status, body } = answer;
  refuseFailed(answer);
  if (status === 409) return { kind: 'exists', status };
  if (status >= 400 && status < 500) return { kind: 'refused', status, body };
  if ((status !== 200 && status !== 201) || !isJsonObject(body)) throw lisRestError('LIS_ANSWER_UNREADABLE');
  const { id, [name]: named = value } = body;
  // A key for something else than what was sent: it is looked up before anything is believed.
  if (!isKey.Check(id) || named !== value) throw lisRestError('LIS_ANSWER_UNREADABLE');
  return { kind: 'created', id: String(id), status };
}

function amendedBy(answer: LisAnswer): Amended {
  const { status, body } = answer;
  refuseFailed(answer);
  if (status === 404 && isJsonObject(body)) return { kind: 'unknown', status };
  if (status >= 400 && status < 500) return { kind: 'refused', status, body };
  if (status !== 204 && (status !== 200 || !isJsonObject(body))) throw lisRestError('LIS_ANSWER_UNREADABLE');
  return { kind: 'amended', status };
}

function cancelledBy(answer: LisAnswer): Cancelled {
  const { status, body } = answer;
  refuseFailed(answer);
  if (status === 404 && isJsonObject(body)) return { kind: 'unknown', status };
  if (status === 400 || status === 409 || status === 422) return { kind: 'unable', status, body };
  if (status !== 200 || !isCancelAnswer.Check(body)) throw lisRestError('LIS_ANSWER_UNREADABLE');
  return body.status === 'cancelled' ? { kind: 'cancelled', status } : { kind: 'unable', status, body };
}

/** 500 may be this request's fault or a bad day; what came of it is unknown. */
function refuseFailed({ status }: LisAnswer): void {
  if (status >= 500) throw lisRestError('LIS_REQUEST_UNANSWERED');
}

const isJsonObject = (body: unknown): body is Readonly<Record<string, unknown>> =>
  typeof body === 'object' && body !== null && !Array.isArray(body);
