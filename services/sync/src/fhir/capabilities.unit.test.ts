/** What a server says it lacks, in one line each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isR4, readCapabilities, writtenTypes } from './capabilities.ts';
import { capabilityStatement } from './testing/fake-fhir-server.ts';

type Rest = { interaction: unknown[]; resource: { type: string; [field: string]: unknown }[] };
const changed = (change: (rest: Rest) => void) => {
  const statement = structuredClone(capabilityStatement) as unknown as { rest: Rest[] };
  for (const rest of statement.rest) change(rest);
  return readCapabilities(statement as never).lacks;
};

test('a server that has all lacks nothing', () => {
  assert.deepEqual(
    changed(() => {}),
    [],
  );
});

test('each lack is one line that names it', () => {
  assert.match(changed((rest) => (rest.interaction = [])).join(), /^transaction: [^,]*$/);
  const without = changed((rest) => (rest.resource = rest.resource.filter(({ type }) => type !== 'Task')));
  assert.deepEqual(without, ['Task: the resource type is not offered']);
  const noCreate = changed((rest) => {
    for (const one of rest.resource) if (one.type === 'Patient') one['updateCreate'] = false;
  });
  assert.equal(noCreate.length, 1);
  assert.match(noCreate[0] ?? '', /^Patient: .*updateCreate/);
  const noVersions = changed((rest) => {
    for (const one of rest.resource) one['versioning'] = 'no-version';
  });
  assert.equal(noVersions.length, writtenTypes.length);
});

test('only 4.0 is R4: R4B, STU3 and R5 are not', () => {
  assert.deepEqual(['4.0.1', '4.0.0', '4.0', '4.3.0', '3.0.2', '5.0.0', '', '40.1'].map(isR4), [
    true,
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});

test('anything at all can be read', () => {
  fc.assert(
    fc.property(fc.object({ maxDepth: 4 }), (body) => {
      assert.equal(readCapabilities(body).fhirVersion, null);
      assert.ok(readCapabilities({ ...body, resourceType: 'CapabilityStatement' }).lacks.length > 0);
    }),
  );
});
