/** The hospital's judge finds what is planted, each kind by its own name, and nothing where all is well. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatHospitalVerdict,
  type HospitalEvidence,
  type HospitalRules,
  hospitalFindings,
  judgeHospital,
  type SeenMessage,
  type SeenResource,
} from './judge-hospital.ts';

const seen = (path: string, ...stages: readonly number[]): SeenResource => ({
  path,
  versions: stages.map((stage, index) => ({ stage, content: `${path} ${stage} ${index}` })),
});
const message = (placerNumber: string, control: 'NW' | 'XO' | 'CA', changes: Partial<SeenMessage> = {}): SeenMessage => ({
  placerNumber,
  control,
  controlId: `${placerNumber} ${control}`,
  stage: ['NW', 'XO', 'CA'].indexOf(control),
  content: `${placerNumber} ${control}`,
  ...changes,
});

const good: HospitalEvidence = {
  resources: [
    { path: 'ServiceRequest/a', what: 'order A', lastStage: 1 },
    { path: 'Observation/o', what: 'result of A', lastStage: 2 },
  ],
  orders: [
    { placerNumber: 'A', lastStage: 1 },
    { placerNumber: 'B', lastStage: 2 },
    { placerNumber: 'never sent', lastStage: 2 },
  ],
  seenResources: [seen('ServiceRequest/a', 0, 0, 1), seen('Observation/o', 2)],
  messages: [message('A', 'NW'), message('B', 'NW'), message('A', 'NW'), message('A', 'XO'), message('B', 'CA')],
};
const [first, second] = good.seenResources as [SeenResource, SeenResource];
const kindsFound = (evidence: Partial<HospitalEvidence>, rules?: HospitalRules): readonly string[] =>
  Object.entries(judgeHospital({ ...good, ...evidence }, rules).found).flatMap(([kind, lines]) =>
    lines.length > 0 ? [kind] : [],
  );

test('all is well: an order resent under its number, and one cancelled before it was sent', () => {
  const verdict = judgeHospital(good);
  assert.deepEqual(hospitalFindings(verdict), []);
  assert.equal(
    formatHospitalVerdict(verdict),
    'hospital lost 0 doubled 0 invented 0 stale 0 · 2 resources in 4 versions · 3 orders in 5 messages, 1 resent',
  );
});

test('a planted loss: a resource that is not there, or not in its last state', () => {
  assert.deepEqual(kindsFound({ seenResources: [second] }), ['lost']);
  assert.deepEqual(kindsFound({ seenResources: [seen('ServiceRequest/a', 0), second] }), ['lost']);
});

test('a planted loss: an order the laboratory does not have, or has in a former state', () => {
  assert.deepEqual(kindsFound({ messages: good.messages.filter(({ placerNumber }) => placerNumber !== 'A') }), ['lost']);
  assert.deepEqual(kindsFound({ messages: good.messages.filter(({ control }) => control !== 'XO') }), ['lost']);
  assert.deepEqual(kindsFound({ messages: good.messages.filter(({ control }) => control !== 'CA') }), ['lost']);
});

test('a planted double: versions that say nothing new, or more than there may be', () => {
  const same = { stage: 1, content: 'the same' };
  assert.deepEqual(kindsFound({ seenResources: [{ path: first.path, versions: [same, same] }, second] }), ['doubled']);
  assert.deepEqual(kindsFound({}, { mostVersions: 2 }), ['doubled']);
  assert.deepEqual(kindsFound({}, { mostVersions: 3 }), []);
});

test('a planted double: an order under a second number, or other content under one number', () => {
  for (const control of ['NW', 'XO', 'CA'] as const) {
    const number = control === 'CA' ? 'B' : 'A';
    const at = good.messages.findLastIndex((one) => one.control === control && one.placerNumber === number);
    const again = good.messages.toSpliced(at, 0, message(number, control, { controlId: 'another' }));
    assert.deepEqual(kindsFound({ messages: again }), ['doubled'], control);
  }
  const changed = good.messages.toSpliced(2, 1, message('A', 'NW', { content: 'other' }));
  assert.deepEqual(kindsFound({ messages: changed }), ['doubled']);
});

test('a planted invention: a resource or an order nobody asked for', () => {
  assert.deepEqual(kindsFound({ seenResources: [...good.seenResources, seen('ServiceRequest/b', 0)] }), ['invented']);
  assert.deepEqual(kindsFound({ messages: [...good.messages, message('C', 'NW')] }), ['invented']);
});

test('a planted old state, even if only for one version or one message', () => {
  assert.deepEqual(kindsFound({ seenResources: [seen('ServiceRequest/a', 1, 0, 1), second] }), ['stale']);
  assert.deepEqual(kindsFound({ messages: [...good.messages, message('A', 'NW'), message('A', 'XO')] }), ['stale']);
});
