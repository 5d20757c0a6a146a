/**
 * How our routes check what comes in, where the house's way does not fit: headers need no conversion (they are all texts), an order is
 * checked against the shape of its own action only (a union would tell the faults of the others too), and a batch is checked line by line.
 */
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { AmendOrderSchema, CancelOrderSchema, PlaceOrderSchema } from './schemas.ts';

type Check = (given: unknown) => { readonly value: unknown } | { readonly error: Error };

/** Fastify's error mapper reads the list of faults. */
function checkOf(schema: TSchema): Check {
  const compiled = Compile(schema);
  return (given) => (compiled.Check(given) ? { value: given } : { error: compiled.Errors(given) as unknown as Error });
}

export const asItIs: FastifySchemaCompiler<TSchema> = ({ schema }) => checkOf(schema);

export const orderByAction: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) =>
  httpPart === 'body' ? checkOrderBody(schema) : checkOf(schema);

function checkOrderBody(anyOrder: TSchema): Check {
  const byAction = new Map([
    ['place', checkOf(PlaceOrderSchema)],
    ['amend', checkOf(AmendOrderSchema)],
    ['cancel', checkOf(CancelOrderSchema)],
  ]);
  const otherwise = checkOf(anyOrder);
  return (given) => {
    const action = typeof given === 'object' && given !== null ? (given as { action?: unknown }).action : null;
    return (byAction.get(String(action)) ?? otherwise)(given);
  };
}

export const lineByLine: FastifySchemaCompiler<TSchema> =
  () =>
  (value: unknown): { readonly value: unknown } => ({ value });
