import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { missingIn } from './check-contract.ts';

const field = (type = 'string', values?: readonly string[]) => (values === undefined ? { type } : { type, enum: values });
const json = (schema: object) => ({ content: { 'application/json': { schema } } });

/** What Django's own describer writes of such a laboratory, with another value (undefined: none) at a place. */
function description(place: readonly string[] = [], value?: unknown): object {
  const schemas = {
    Gender: field('string', ['F', 'M', 'O']),
    Patient: {
      properties: {
        id: field('integer'),
        patient_id: field(),
        name: field(),
        birth_date: field(),
        gender: { $ref: '#/components/schemas/Gender' },
      },
      required: ['patient_id', 'name'],
    },
    Test: {
      allOf: [{ properties: { id: field('integer'), test_id: field(), status: field() } }],
      properties: {
        ...{
          patient: field('integer'),
          test_type: field(),
          specimen_type: field(),
          ordering_physician: field(),
          order_date: field(),
        },
        ...{ priority: field('string', ['routine', 'urgent', 'stat']), notes: field() },
      },
      required: ['patient', 'test_id'],
    },
  };
  const of = (name: string) => ({ $ref: `#/components/schemas/${name}` });
  const page = (name: string) => ({ type: 'object', properties: { results: { type: 'array', items: of(name) } } });
  const query = (name: string) => [{ in: 'query', name }];
  const paths = {
    '/api/patients/': {
      get: { parameters: query('patient_id'), responses: { 200: json({ type: 'array', items: of('Patient') }) } },
      post: { requestBody: json(of('Patient')), responses: { 201: json(of('Patient')) } },
    },
    '/api/lab-tests/': {
      get: { parameters: query('test_id'), responses: { 200: json(page('Test')) } },
      post: { requestBody: json(of('Test')), responses: { 201: json(of('Test')) } },
    },
    '/api/lab-tests/{pk}/cancel': { post: { responses: { 200: json(of('Test')) } } },
  };
  const root = structuredClone({ openapi: '3.0.3', paths, components: { schemas } }) as object;
  const last = place.at(-1);
  const holder = place.slice(0, -1).reduce((at, step) => (at as Record<string, object>)[step] ?? {}, root);
  if (last !== undefined) Object.assign(holder, { [last]: value });
  return JSON.parse(JSON.stringify(root)) as object;
}

test('a laboratory that serves all lacks nothing, however it is described', () => {
  assert.deepEqual(missingIn(description()), []);
});

const schema = (name: string, ...more: readonly string[]) => ['components', 'schemas', name, ...more];
const lacks: readonly (readonly [place: readonly string[], value: unknown, line: string])[] = [
  [['paths', '/api/lab-tests/', 'post'], undefined, 'POST /api/lab-tests/ is not served'],
  [['paths', '/api/lab-tests/{pk}/cancel'], undefined, 'POST /api/lab-tests/{id}/cancel/ is not served'],
  [['paths', '/api/lab-tests/', 'get', 'parameters'], undefined, 'GET /api/lab-tests/ has no query parameter test_id'],
  [schema('Patient', 'properties', 'birth_date'), undefined, 'POST /api/patients/ does not take birth_date'],
  [schema('Test', 'required'), ['patient', 'ward'], 'POST /api/lab-tests/ requires ward, which we do not send'],
  [schema('Gender', 'enum'), ['F', 'M'], 'POST /api/patients/ does not take gender O'],
  [schema('Test', 'properties', 'priority', 'enum'), ['urgent', 'stat'], 'POST /api/lab-tests/ does not take priority routine'],
  [['paths', '/api/patients/', 'post', 'requestBody'], undefined, 'POST /api/patients/ describes no body'],
  [
    ['paths', '/api/lab-tests/{pk}/cancel', 'post', 'responses', '200'],
    json({ properties: { done: field('boolean') } }),
    'POST /api/lab-tests/{id}/cancel/ does not answer with status',
  ],
];
for (const [place, value, line] of lacks) {
  test(`one line for each thing it lacks: ${line}`, () => {
    assert.deepEqual(missingIn(description(place, value)), [line]);
  });
}

test('a description that refers to itself ends', () => {
  const circle = { allOf: [{ $ref: '#/components/schemas/Test' }, { $ref: '#/components/schemas/Nowhere' }] };
  assert.ok(missingIn(description(schema('Test'), circle)).length > 0);
});

test('any JSON is a description that lacks something', () => {
  fc.assert(fc.property(fc.jsonValue(), (any) => missingIn(any).length > 0));
  fc.assert(
    fc.property(
      fc.jsonValue(),
      (any) => missingIn({ paths: { '/api/patients': any, '/api/lab-tests': { get: any, post: any } } }).length > 0,
    ),
  );
});
