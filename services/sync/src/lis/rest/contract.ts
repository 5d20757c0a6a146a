/**
 * What we send to and read from a laboratory system that speaks REST, as data: the routes and fields of clinical practice we were given
 * (`/api/patients/`, `/api/lab-tests/`, numeric keys, `Authorization: Token`). A field we do not read may be anything; a field we read is checked
 * in every answer, and every route against the laboratory's own description at start (check-contract.ts).
 */
import { type Static, Type } from 'typebox';

/** The laboratory's own key: a number, or a short text. */
export const KeySchema = Type.Union([Type.Integer({ minimum: 0 }), Type.String({ minLength: 1, maxLength: 100 })]);

export const PatientAnswerSchema = Type.Object({ id: KeySchema, patient_id: Type.String() });
export const OrderAnswerSchema = Type.Object({
  id: KeySchema,
  test_id: Type.String(),
  patient: Type.Optional(KeySchema),
  test_type: Type.Optional(Type.String()),
  status: Type.Optional(Type.String()),
});
/** A list as it is, or one page of it. */
const listOf = <const T extends Type.TSchema>(item: T) =>
  Type.Union([
    Type.Array(item),
    Type.Object({ results: Type.Array(item), next: Type.Optional(Type.Union([Type.String(), Type.Null()])) }),
  ]);
export const PatientListSchema = listOf(PatientAnswerSchema);
export const OrderListSchema = listOf(OrderAnswerSchema);
export const CancelAnswerSchema = Type.Object({ status: Type.String() });

export type PatientAnswer = Static<typeof PatientAnswerSchema>;
export type OrderAnswer = Static<typeof OrderAnswerSchema>;

export type Registration = {
  /** Our patient key: facility|authority|id. */
  readonly patient_id: string;
  readonly name: string;
  /** YYYY-MM-DD. */
  readonly birth_date: string;
  readonly gender: 'F' | 'M' | 'O';
};

export type NewOrder = {
  /** The laboratory's key of the patient. */
  readonly patient: number | string;
  /** Placer authority and number: what the order is found by. */
  readonly test_id: string;
  readonly test_type: string;
  readonly specimen_type: string;
  readonly ordering_physician: string;
  /** ISO 8601, UTC. */
  readonly order_date: string;
  readonly priority: 'routine' | 'urgent' | 'stat';
  readonly notes: string;
};

/** What of an order may be amended. Sent whole, so that the same again changes nothing. */
export type Amendment = Pick<NewOrder, 'test_type' | 'specimen_type' | 'ordering_physician' | 'priority' | 'notes'>;

/** One operation of the laboratory's. */
export type Operation = {
  readonly method: 'get' | 'post' | 'patch';
  /** `{}` stands for one key. */
  readonly path: string;
  readonly query: readonly string[];
  /** Fields sent, each with the values it may have where these are few. */
  readonly sends: Readonly<Record<string, readonly string[]>>;
  /** Fields read from the answer. */
  readonly reads: readonly string[];
};

const registrationFields = { patient_id: [], name: [], birth_date: [], gender: ['F', 'M', 'O'] };
const amendedFields = {
  test_type: [],
  specimen_type: [],
  ordering_physician: [],
  priority: ['routine', 'urgent', 'stat'],
  notes: [],
};
const orderFields = { patient: [], test_id: [], order_date: [], ...amendedFields };

/** The adapter cannot do without these. */
export const operations = {
  findPatient: { method: 'get', path: '/api/patients/', query: ['patient_id'], sends: {}, reads: ['id', 'patient_id'] },
  registerPatient: { method: 'post', path: '/api/patients/', query: [], sends: registrationFields, reads: ['id'] },
  findOrder: { method: 'get', path: '/api/lab-tests/', query: ['test_id'], sends: {}, reads: ['id', 'test_id'] },
  createOrder: { method: 'post', path: '/api/lab-tests/', query: [], sends: orderFields, reads: ['id'] },
  cancelOrder: { method: 'post', path: '/api/lab-tests/{}/cancel/', query: [], sends: {}, reads: ['status'] },
} as const satisfies Readonly<Record<string, Operation>>;

/** Used where the laboratory's description has it; elsewhere an amended order is a person's affair. */
export const amendOrder = {
  method: 'patch',
  path: '/api/lab-tests/{}/',
  query: [],
  sends: amendedFields,
  reads: [],
} as const satisfies Operation;
