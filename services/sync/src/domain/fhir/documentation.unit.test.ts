/** docs/fhir.md is what a hospital reads of a rendering: what it lists is what there is. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { renderEverything } from './testing/everything.ts';
import { patientKey } from './testing/states.ts';
import { heldCodes } from './types.ts';

const page = readFileSync(new URL('../../../../../docs/fhir.md', import.meta.url), 'utf8');

test('docs/fhir.md explains every reason to hold something back, and no other', () => {
  const explained = [...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
  assert.deepEqual(explained.toSorted(), [...heldCodes].sort());
});

test('docs/fhir.md names every kind of resource that is written', () => {
  const renderings = Object.values(renderEverything(patientKey, 'documented'));
  const kinds = new Set(renderings.flatMap(({ resources }) => resources.map(({ resourceType }) => resourceType)));
  for (const kind of [...kinds, 'Device']) assert.ok(page.includes(`\`${kind}\``), kind);
});
