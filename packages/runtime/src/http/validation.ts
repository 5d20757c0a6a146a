/** Requests are checked by TypeBox: bodies as they are, texts of path, query and headers converted to the types the schema asks for. */
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';

export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema);
  const isText = httpPart !== 'body';
  return (given: unknown) => {
    const value: unknown = isText ? Value.Convert(schema, Value.Default(schema, given)) : given;
    if (check.Check(value)) return { value };
    return { error: check.Errors(value) as unknown as Error };
  };
};
