/** The shape of a model manifest (contracts' ModelManifest) as a schema. Members it does not name are another reader's. */
import { Type } from 'typebox';

const Code = Type.Object({ system: Type.String(), code: Type.String({ minLength: 1 }) });
const AgeOrNone = Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]);
const Digest = Type.String({ pattern: '^[0-9a-f]{64}$' });

export const ManifestSchema = Type.Object({
  name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }),
  version: Type.String({ pattern: '^\\d+\\.\\d+\\.\\d+$' }),
  title: Type.String(),
  kind: Type.Union([Type.Literal('diagnosis'), Type.Literal('risk')]),
  demonstration: Type.Boolean(),
  file: Type.String(),
  digest: Digest,
  inputs: Type.Array(
    Type.Object({
      name: Type.String({ minLength: 1 }),
      codes: Type.Array(Code),
      unit: Type.String({ minLength: 1 }),
      minimum: Type.Number(),
      maximum: Type.Number(),
      required: Type.Boolean(),
    }),
    { minItems: 1 },
  ),
  outputs: Type.Object({ positive: Type.String(), negative: Type.String(), threshold: Type.Number({ minimum: 0, maximum: 1 }) }),
  evidence: Type.Union([
    Type.Null(),
    Type.Object({ method: Type.Literal('tree-shap'), file: Type.String(), digest: Digest, default: Type.Boolean() }),
  ]),
  orderCodes: Type.Array(Code),
  population: Type.Object({
    minimumAgeYears: AgeOrNone,
    maximumAgeYears: AgeOrNone,
    sexes: Type.Union([Type.Array(Type.String()), Type.Null()]),
  }),
  limits: Type.Object({
    softTimeoutMs: Type.Integer({ minimum: 1 }),
    hardTimeoutMs: Type.Integer({ minimum: 1 }),
    attempts: Type.Integer({ minimum: 1 }),
  }),
  licence: Type.String(),
});
