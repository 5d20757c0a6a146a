import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PatientState, Priority } from '@clinstream/contracts';
import { parseMessage, textAt } from '@clinstream/runtime/hl7';
import { controlIdOf, type Rendering, renderOml } from './render-oml.ts';
import { orderOf, testChannel } from './test-support.ts';

const kim: PatientState = {
  patientKey: 'HOSP|HIS|4711',
  demographics: { familyName: '김', givenName: '철|수', birthDate: '1970-01', sex: 'M' },
  demographicsVersion: 1,
  mergedInto: null,
  mergedVersion: -1,
  version: 1,
};
const rendering = (change: Partial<Rendering> = {}): Rendering => ({
  order: orderOf(),
  patient: null,
  parent: null,
  control: 'NW',
  controlId: 'CONTROL1',
  fillerNumber: null,
  cancelVersion: null,
  channel: testChannel,
  now: Date.UTC(2026, 10, 22, 4, 5, 6, 7),
  ...change,
});
const lines = (change: Partial<Rendering> = {}): readonly string[] =>
  (renderOml(rendering(change)) ?? '').split('\r').slice(0, -1);
const line = (name: string, change: Partial<Rendering> = {}): string => lines(change).find((one) => one.startsWith(name)) ?? '';

test('4.2 an order as IHE LTW wants it', () => {
  assert.deepEqual(lines(), [
    'MSH|^~\\&|CLINSTREAM|HOSP|LIS|LAB|20261122040506.007+0000||OML^O21^OML_O21|CONTROL1|P|2.5.1||||||UNICODE UTF-8',
    'PID|1||4711^^^HIS^PI^HOSP||^^^^^^U',
    'PV1|1|U',
    'ORC|NW|P1^OCS|||||||20261118110640.000+0000|||UNKNOWN',
    'TQ1|1||||||||R',
    'OBR|1|P1^OCS||GLU^Glucose^L||||||||||||UNKNOWN',
  ]);
});

test('4.2 a cancellation names the order, the laboratory’s number and the time of the wish, and nothing that could change it', () => {
  const cancel = lines({
    control: 'CA',
    fillerNumber: 'F9',
    cancelVersion: Date.UTC(2026, 10, 22),
    order: orderOf({ note: 'n' }),
  });
  assert.deepEqual(cancel.slice(3), [
    'ORC|CA|P1^OCS|F9||||||20261122000000.000+0000|||UNKNOWN',
    'OBR|1|P1^OCS|F9|GLU^Glucose^L||||||||||||UNKNOWN',
  ]);
});

const priorities: readonly (readonly [priority: Priority, code: string])[] = [
  ['stat', 'S'],
  ['asap', 'A'],
  ['routine', 'R'],
  ['urgent', 'R'],
];
for (const [priority, code] of priorities) {
  test(`6.9 ${priority} is ${code} in TQ1-9, and in no other field`, () => {
    const change = { order: orderOf({ priority }) };
    const [orc = '', obr = ''] = [line('ORC', change), line('OBR', change)].map((one) => one);
    assert.equal(line('TQ1', change).split('|')[9], code);
    assert.equal(orc.split('|')[7], '');
    for (const field of [5, 6, 8, 15, 22, 27]) assert.equal(obr.split('|')[field] ?? '', '');
    assert.equal(line('ZPR', change), priority === 'urgent' ? 'ZPR|urgent' : '');
  });
}

test('6.9 urgent as T and in another field, where that was agreed; never A', () => {
  const channel = { ...testChannel, urgent: { code: 'T', segment: 'ZUR', field: 3 } as const };
  const change = { order: orderOf({ priority: 'urgent' }), channel };
  assert.equal(line('TQ1', change), 'TQ1|1||||||||T');
  assert.equal(line('ZUR', change), 'ZUR|||urgent');
});

test('6.3 the patient is named by the patient key alone, demographics as far as they are known', () => {
  assert.equal(line('PID', { patient: kim }), 'PID|1||4711^^^HIS^PI^HOSP||김^철\\F\\수^^^^^L||197001|M');
  assert.equal(renderOml(rendering({ order: orderOf({ patientKey: 'no key' }) })), null);
});

test('6.16 MSH-11 says which environment', () => {
  assert.equal(line('MSH', { channel: { ...testChannel, processingId: 'T' } }).split('|')[10], 'T');
});

test('6.1 the answer asked for', () => {
  const asked = (acknowledgement: 'commit' | 'both') =>
    line('MSH', { channel: { ...testChannel, acknowledgement } })
      .split('|')
      .slice(14, 16);
  assert.deepEqual(
    [asked('commit'), asked('both')],
    [
      ['AL', 'NE'],
      ['AL', 'AL'],
    ],
  );
});

test('specimen, provider, note and a coding system with a name of its own', () => {
  const order = orderOf({
    code: { code: '2345-7', system: 'http://loinc.org', display: null },
    note: 'fasting\nsince | midnight',
    specimen: { id: 'S1', code: { code: 'SER', system: 'HL70487', display: 'Serum' }, collectedAt: '2026-11-22T13:00+09:00' },
    orderingProvider: { id: 'D7', authority: 'HIS' },
  });
  assert.deepEqual(lines({ order }).slice(3), [
    'ORC|NW|P1^OCS|||||||20261118110640.000+0000|||D7^^^^^^^^HIS',
    'TQ1|1||||||||R',
    'OBR|1|P1^OCS||2345-7^^LN||||||||||||D7^^^^^^^^HIS',
    'NTE|1|P|fasting\\.br\\since \\F\\ midnight',
    'SPM|1|S1||SER^Serum^HL70487|||||||||||||202611221300+0900',
  ]);
});

test('a coding system that is called as a property of every object is a name like any other', () => {
  const order = { ...orderOf(), code: { code: 'GLU', display: null, system: 'valueOf' } };
  assert.match(line('OBR', { order }), /\|GLU\^\^valueOf\|/);
});

test('an added test names the order it was added to', () => {
  const parent = orderOf({ orderId: 'parent', placerNumber: 'P|0' });
  assert.equal(line('ORC', { parent }).split('|')[8], 'P\\F\\0&OCS');
  assert.equal(line('OBR', { parent }).split('|')[29], 'P\\F\\0&OCS');
});

test('4.3 the control id names order, message and content, and fits its field', () => {
  const id = controlIdOf('o', 0, 'NW', 'd');
  assert.match(id, /^[0-9a-f]{20}$/);
  assert.equal(controlIdOf('o', 0, 'NW', 'd'), id);
  const others = [
    controlIdOf('p', 0, 'NW', 'd'),
    controlIdOf('o', 1, 'NW', 'd'),
    controlIdOf('o', 0, 'XO', 'd'),
    controlIdOf('o', 0, 'NW', 'e'),
  ];
  assert.equal(new Set([id, ...others]).size, 5);
});

test('6.13 what stands in the order is read back as it was', () => {
  const hostile = 'a|b^c~d\\e&f\rMSH|x\u000b\u001c';
  const order = orderOf({ placerNumber: hostile, note: hostile });
  const message = parseMessage(renderOml(rendering({ order })) ?? '', (bytes) => String.fromCharCode(...bytes));
  const orc = message.segments.find(({ name }) => name === 'ORC');
  assert.ok(orc);
  assert.equal(textAt(orc, 2), hostile.replace('\r', '\n').trim());
});
