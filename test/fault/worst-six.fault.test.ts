/** The six faults that break most bugs, in under five minutes, as part of `npm test`. All of them, and random ones: `npm run test:fault`. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { formatVerdict, readCases } from '@clinstream/testkit/oracle/index';
import { faults } from './faults.ts';
import { type Rig, type RigKind, startRig } from './lib/rig.ts';
import { runFault } from './lib/run-fault.ts';

const worst = ['kill-ingest', 'zombie-inference', 'zombie-sink', 'postgres-killed', 'replay', 'leaders-moved'];

const cases = readCases();
const foreign = new Set<string>();
let current: { readonly kind: RigKind; readonly rig: Rig } | null = null;
after(() => current?.rig.stop());

async function rigFor(kind: RigKind): Promise<Rig> {
  if (current?.kind === kind) return current.rig;
  await current?.rig.stop();
  current = null;
  foreign.clear();
  current = { kind, rig: await startRig(kind) };
  return current.rig;
}

for (const [index, name] of worst.entries()) {
  const fault = faults.find((one) => one.name === name);
  assert.ok(fault, `there is no fault ${name}`);
  test(`${fault.name}: ${fault.about}`, async (context) => {
    const rig = await rigFor(fault.rig);
    const result = await runFault({ rig, fault, seed: index, rate: 60, cases, foreign, run: `w${index}` });
    if (result.verdict)
      context.diagnostic(`${formatVerdict(result.verdict)}; fresh after ${Math.round(result.recoveryMs ?? 0)} ms`);
    assert.deepEqual(result.problems, []);
  });
}
