/** What each route takes, answers and who may use it: schema and access in one place, documented by /openapi.json. */
import { problemResponses } from '@clinstream/runtime/http';
import { Type } from 'typebox';
import {
  AcceptedAnalysisSchema,
  AcceptedOrderSchema,
  AmendOrderSchema,
  AnalysisBodySchema,
  BatchAnswerSchema,
  BatchLineSchema,
  CancelOrderSchema,
  KeyedHeadersSchema,
  PlaceOrderSchema,
} from './schemas.ts';
import { asItIs, lineByLine, orderByAction } from './validators.ts';

/** Everyone who treats, and machines. Never a patient; the registration desk asks for no analyses. */
const clinical = ['doctor', 'nurse', 'lab', 'radiologist', 'system', 'admin'] as const;

const location = {
  location: Type.String({ description: 'Where the result will be, with the log position it waits for.' }),
};

export const analysesRoute = {
  config: { roles: [...clinical] },
  validatorCompiler: asItIs,
  schema: {
    operationId: 'requestAnalysis',
    tags: ['analyses'],
    summary: 'Ask a model about one input',
    description:
      'Answered 202 only after the log confirmed it. Every fault of the inputs is told at once (422). With an Idempotency-Key a repeat has ' +
      'one effect; without one, a repeat is a new job. On 503, `mayHaveBeenAccepted` says whether it may have reached the log.',
    headers: KeyedHeadersSchema,
    body: AnalysisBodySchema,
    response: {
      202: { description: 'Accepted: durable in the log.', headers: location, content: json(AcceptedAnalysisSchema) },
      ...problemResponses(413, 415, 422),
    },
  },
};

export const ordersRoute = {
  config: { roles: [...clinical] },
  validatorCompiler: orderByAction,
  schema: {
    operationId: 'sendOrder',
    tags: ['orders'],
    summary: 'Place, amend or ask to cancel an order',
    description:
      'The placer number under its authority is the identity of an order: the same placement again changes nothing, another content under ' +
      'the same number is a 409. Amendments and cancellations of orders not seen yet are kept until the placement comes. An order may ask a ' +
      'model along the way; a bad model input then refuses the whole order (422).',
    headers: KeyedHeadersSchema,
    body: Type.Union([PlaceOrderSchema, AmendOrderSchema, CancelOrderSchema]),
    response: {
      202: { description: 'Accepted: durable in the log.', headers: location, content: json(AcceptedOrderSchema) },
      ...problemResponses(409, 413, 415, 422),
    },
  },
};

export const batchRoute = {
  config: { roles: [...clinical] },
  validatorCompiler: lineByLine,
  schema: {
    operationId: 'requestAnalyses',
    tags: ['analyses'],
    summary: 'Ask a model about thousands of inputs, one JSON line each',
    description:
      'Lines are requests as for one analysis, each with a `reference` of its own: its idempotency key, unique per client. Answers stream ' +
      'back as JSON lines, one per line and in order; a broken line fails alone.',
    body: { content: { 'application/x-ndjson': { schema: BatchLineSchema } } },
    response: {
      200: {
        description: 'One JSON line per line.',
        content: { 'application/x-ndjson': { schema: BatchAnswerSchema } },
      },
      ...problemResponses(413, 415),
    },
  },
};

function json<const S extends Type.TSchema>(schema: S) {
  return { 'application/json': { schema } };
}
