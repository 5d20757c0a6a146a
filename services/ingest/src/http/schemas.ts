/** What may come in at ingest's HTTP door and what goes out, as schemas: checked, documented in OpenAPI, and the type of the code. */
import { type Static, Type } from 'typebox';
import type { InputValue } from '../domain/validate-inputs.ts';

const closed = { additionalProperties: false } as const;
const oneOf = <const T extends string>(values: readonly T[], description?: string) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...(description === undefined ? {} : { description }) });
const orNull = <const T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

const PatientSchema = Type.Object(
  {
    facility: Type.String({ minLength: 1, maxLength: 100 }),
    authority: Type.String({ minLength: 1, maxLength: 100, description: 'Assigning authority of the id.' }),
    id: Type.String({ minLength: 1, maxLength: 100, description: 'Record number. Never a national id.' }),
  },
  { ...closed, examples: [{ facility: 'SEOUL', authority: 'MRN', id: '100001' }] },
);

const PrioritySchema = oneOf(['routine', 'urgent', 'asap', 'stat'], 'Chooses the lane; routine when left out.');

/** Looked into by the domain, so that every fault of every value is told at once and in the model's words. */
const InputsSchema = Type.Record(
  Type.String(),
  Type.Unsafe<InputValue>({ description: 'A number in the declared unit, or {value, unit} with the unit checked.' }),
  {
    description: 'Values by the names the model declares. A missing required input is refused, never filled in.',
    examples: [{ mean_radius: 18.2, mean_texture: { value: 21.4, unit: '1' } }],
  },
);

const question = {
  model: Type.String({ minLength: 1, maxLength: 64 }),
  modelVersion: Type.Optional(orNull(Type.String({ minLength: 1, maxLength: 32 }))),
  inputs: InputsSchema,
  subject: Type.Optional(
    orNull(
      Type.Object(
        {
          ageYears: Type.Optional(orNull(Type.Integer({ minimum: 0, maximum: 150 }))),
          sex: Type.Optional(
            orNull(oneOf(['F', 'M', 'O', 'U', 'A', 'N', 'female', 'male', 'other', 'unknown'], 'HL7 table 0001, or the word.')),
          ),
        },
        closed,
      ),
    ),
  ),
  evidence: Type.Optional(Type.Boolean({ description: "Why the model said so; the model's default when left out." })),
};

const analysis = {
  patient: orNull(PatientSchema),
  ...question,
  priority: Type.Optional(PrioritySchema),
  orderId: Type.Optional(orNull(Type.String({ minLength: 1, maxLength: 100 }))),
};

export const AnalysisBodySchema = Type.Object(analysis, closed);

/** Visible ASCII: what may stand in a header, so that a line's reference may be sent again as an Idempotency-Key. */
const key = { minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' } as const;

export const BatchLineSchema = Type.Object(
  { reference: Type.String({ ...key, description: "The line's idempotency key." }), ...analysis },
  closed,
);
export type BatchLine = Static<typeof BatchLineSchema>;

export const KeyedHeadersSchema = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({ ...key, description: 'Repeat with the same key and body: one effect, the same answer.' }),
  ),
});

const orderIdentity = {
  placerNumber: Type.String({ minLength: 1, maxLength: 199 }),
  placerAuthority: Type.String({ minLength: 1, maxLength: 227 }),
  patient: PatientSchema,
  sourceVersion: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 9_007_199_254_740_991,
      description: 'Version at the source, epoch milliseconds; now when left out.',
    }),
  ),
};
const orderContent = {
  kind: oneOf(['laboratory', 'imaging', 'medication', 'ai_analysis']),
  priority: Type.Optional(PrioritySchema),
  code: Type.Object(
    {
      code: Type.String({ minLength: 1, maxLength: 100 }),
      system: Type.String({ minLength: 1, maxLength: 200 }),
      display: Type.Optional(orNull(Type.String({ maxLength: 500 }))),
    },
    closed,
  ),
  note: Type.Optional(orNull(Type.String({ maxLength: 4000 }))),
};

export const PlaceOrderSchema = Type.Object(
  {
    action: Type.Literal('place'),
    ...orderIdentity,
    ...orderContent,
    analysis: Type.Optional(Type.Object(question, { ...closed, description: 'Ask a model along with the order.' })),
  },
  closed,
);
export const AmendOrderSchema = Type.Object({ action: Type.Literal('amend'), ...orderIdentity, ...orderContent }, closed);
export const CancelOrderSchema = Type.Object({ action: Type.Literal('cancel'), ...orderIdentity }, closed);

const PositionSchema = Type.String({ description: 'Where the event stands in the log: topic:partition:offset.' });
const LinksSchema = Type.Object({ self: Type.String(), events: Type.String() });

export const AcceptedAnalysisSchema = Type.Object({
  jobId: Type.String(),
  position: PositionSchema,
  lane: Type.String(),
  links: LinksSchema,
});
export type AcceptedAnalysis = Static<typeof AcceptedAnalysisSchema>;

export const AcceptedOrderSchema = Type.Object({
  orderId: Type.String(),
  position: PositionSchema,
  links: Type.Object({ self: Type.String() }),
  analysis: orNull(AcceptedAnalysisSchema),
});
export type AcceptedOrder = Static<typeof AcceptedOrderSchema>;

/** One line of a batch's answer. */
export const BatchAnswerSchema = Type.Object({
  line: Type.Integer({ description: '1-based, as sent; blank lines count and are not answered.' }),
  reference: orNull(Type.String()),
  status: Type.Integer({ description: '202, or the status the same request would have had alone.' }),
  jobId: Type.Optional(Type.String()),
  position: Type.Optional(PositionSchema),
  lane: Type.Optional(Type.String()),
  problem: Type.Optional(Type.Object({}, { additionalProperties: true, description: 'Problem details, RFC 9457.' })),
});
