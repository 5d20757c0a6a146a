import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ModelManifest, patientKeyOf, type Topic, type TopicEvents, topics } from '@clinstream/contracts';
import { type Fault, Hl7Fault, parseMessage } from '@clinstream/runtime/hl7';
import { createModelCatalog } from '../model-catalog.ts';
import { readHeader } from './header.ts';
import { mapMessage } from './map-message.ts';
import type { Mapped } from './mapped.ts';
import { createZone } from './time.ts';

const manifest: ModelManifest = {
  name: 'test-gland',
  version: '1.0.0',
  title: 'test',
  kind: 'diagnosis',
  demonstration: true,
  file: 'model.onnx',
  digest: '0'.repeat(64),
  inputs: [
    { name: 'width', codes: [{ system: 'L', code: 'GW' }], unit: 'mm', minimum: 0, maximum: 50, required: true },
    { name: 'ratio', codes: [{ system: 'L', code: 'GR' }], unit: '1', minimum: 0, maximum: 1, required: true },
  ],
  outputs: { positive: 'p', negative: 'n', threshold: 0.5 },
  evidence: null,
  orderCodes: [{ system: 'L', code: 'AI-GLAND' }],
  population: { minimumAgeYears: null, maximumAgeYears: null, sexes: null },
  limits: { softTimeoutMs: 1, hardTimeoutMs: 1, attempts: 1 },
  licence: 'none',
};

const channel = {
  facility: 'HOSP',
  patientId: { authority: 'HIS', type: 'PI' },
  zone: createZone('Asia/Seoul'),
  urgent: { codes: ['R', 'T'], segment: 'ZPR', field: 1 },
} as const;

const pid = 'PID|1||4711^^^HIS^PI||Kim^Invented||19700102|F';
const keyOf = (id: string): string => patientKeyOf({ facility: 'HOSP', authority: 'HIS', id });

type Sent = {
  readonly type: string;
  readonly segments: readonly string[];
  readonly time?: string;
  readonly version?: string;
  readonly messageId?: string;
};

function map({ type, segments, time = '20261122130000', version = '2.5.1', messageId = 'm1' }: Sent): Mapped {
  const text = [`MSH|^~\\&|OCS|HOSP|||${time}||${type}|C1|P|${version}`, ...segments].join('\r');
  const message = parseMessage(text, () => null);
  const [msh] = message.segments;
  assert.ok(msh);
  return mapMessage({
    header: readHeader(msh),
    message,
    messageId,
    channel,
    models: createModelCatalog([manifest]),
    traceparent: 't',
  });
}

function faultOf(sent: Sent): Fault {
  try {
    map(sent);
  } catch (error) {
    if (error instanceof Hl7Fault) return error.fault;
    throw error;
  }
  throw new assert.AssertionError({ message: 'the message was taken' });
}

const factsOf = (mapped: Mapped) => [...mapped.facts, ...mapped.orders.flatMap((order) => order.facts)];
const valuesOf = <T extends Topic>(mapped: Mapped, topic: T): readonly TopicEvents[T][] =>
  factsOf(mapped)
    .filter((fact) => fact.topic === topic)
    .map((fact) => fact.value as TopicEvents[T]);

const oml = (...segments: string[]): Sent => ({ type: 'OML^O21', segments: [pid, ...segments] });
const orderOf = (sent: Sent) => valuesOf(map(sent), topics.orders)[0];

test('4.2 a laboratory order: number, authority, code, times, sender', () => {
  const order = orderOf(
    oml('ORC|NW|P1^OCS|F9^LIS', 'OBR|1|P1^OCS|F9^LIS|GLU^Glucose^LN', 'NTE|1||fasting', 'NTE|2||since \\T\\ 06:00'),
  );
  assert.deepEqual(
    { ...order, orderId: '', contentDigest: '' },
    {
      type: 'OrderPlaced',
      orderId: '',
      patientKey: keyOf('4711'),
      placerNumber: 'P1',
      placerAuthority: 'HOSP|OCS',
      fillerNumber: 'F9',
      kind: 'laboratory',
      priority: 'routine',
      code: { code: 'GLU', system: 'LN', display: 'Glucose' },
      note: 'fasting\nsince & 06:00',
      contentDigest: '',
      sourceVersion: Date.UTC(2026, 10, 22, 4),
      requestedBy: 'OCS@HOSP',
      requestedAt: Date.UTC(2026, 10, 22, 4),
      analysisJobId: null,
      messageId: 'm1',
      specimen: null,
      orderingProvider: null,
      parentOrderId: null,
      specimenRejectReasons: [],
    },
  );
});

const controls: readonly (readonly [control: string, type: string | null, answer: string])[] = [
  ['NW', 'OrderPlaced', 'OK'],
  ['XO', 'OrderAmended', 'XR'],
  ['CA', 'OrderCancelRequested', 'OK'],
  ['DC', 'OrderCancelRequested', 'OK'],
  ['OC', 'OrderCancelled', 'OK'],
  ['OD', 'OrderCancelled', 'OK'],
  ['SC|P1||||', null, 'OK'],
];
for (const [control, type, answer] of controls) {
  test(`6.6 ORC-1 ${control.slice(0, 2)} is ${type ?? 'kept and changes nothing'}`, () => {
    const mapped = map(oml(`ORC|${control.includes('|') ? control : `${control}|P1`}`, 'OBR|1|P1||GLU^^L'));
    assert.equal(valuesOf(mapped, topics.orders)[0]?.type ?? null, type);
    assert.equal(mapped.orders[0]?.accepted, answer);
  });
}

test('6.6 a status change to CA or DC is a cancellation by the filler', () => {
  assert.equal(orderOf(oml('ORC|SC|P1|||CA', 'OBR|1|P1||GLU^^L'))?.type, 'OrderCancelled');
  assert.equal(map(oml('ORC|SC|P1|||CM', 'OBR|1|P1||GLU^^L')).orders[0]?.facts.length, 0);
});

test('6.6 a cancellation needs no order detail', () => {
  assert.equal(orderOf(oml('ORC|CA|P1'))?.type, 'OrderCancelRequested');
});

test('6.7 an order number used for two patients asks for two jobs: neither shows the result of the other', () => {
  const ofAnother = {
    ...aiOrder(width, ratio),
    segments: aiOrder(width, ratio).segments.map((one) => one.replace('4711', '4712')),
  };
  const jobs = [aiOrder(width, ratio), ofAnother, aiOrder(width, ratio.replace('0.25', '0.26'))].map((sent) => {
    const job = analysisOf(sent).value.jobId;
    assert.equal(orderOf(sent)?.analysisJobId, job);
    return job;
  });
  assert.equal(new Set(jobs).size, 3);
  assert.equal(analysisOf({ ...aiOrder(width, ratio), messageId: 'again', time: '20261122130500' }).value.jobId, jobs[0]);
});

test('6.7 the same order placed again, in another message, is the same fact; with other content it is not', () => {
  const id = (sent: Sent): string | undefined => factsOf(map(sent))[0]?.envelope.eventId;
  const placed = oml('ORC|NW|P1', 'OBR|1|P1||GLU^^L');
  assert.equal(id({ ...placed, messageId: 'm2', time: '20261122140000' }), id(placed));
  assert.notEqual(id(oml('ORC|NW|P1', 'OBR|1|P1||NA^^L')), id(placed));
});

test('two steps within one second of a sender without milliseconds keep their order', () => {
  const version = (control: string): number => orderOf(oml(`ORC|${control}|P1`, 'OBR|1|P1||GLU^^L'))?.sourceVersion ?? 0;
  assert.ok(version('NW') < version('XO'));
  const exact = { ...oml('ORC|XO|P1', 'OBR|1|P1||GLU^^L'), time: '20261122130000.000' };
  assert.equal(orderOf(exact)?.sourceVersion, Date.UTC(2026, 10, 22, 4));
});

test('two hospitals, or two systems of one, may both have an order 1', () => {
  const ids = ['P1^OCS', 'P1^LIS', 'P1', 'P1^^1.2.3'].map(
    (number) => orderOf(oml(`ORC|NW|${number}`, `OBR|1|${number}||GLU^^L`))?.orderId,
  );
  assert.equal(new Set(ids).size, 4);
});

const priorities: readonly (readonly [what: string, segments: readonly string[], priority: string])[] = [
  ['TQ1-9 S', ['ORC|NW|P1', 'TQ1|1||||||||S', 'OBR|1|P1||GLU^^L'], 'stat'],
  ['TQ1-9 A', ['ORC|NW|P1', 'TQ1|1||||||||A^asap^HL70485', 'OBR|1|P1||GLU^^L'], 'asap'],
  ['TQ1-9 R', ['ORC|NW|P1', 'TQ1|1||||||||R', 'OBR|1|P1||GLU^^L'], 'routine'],
  ['ORC-7.6 S', ['ORC|NW|P1|||||^^^^^S', 'OBR|1|P1||GLU^^L'], 'stat'],
  ['OBR-27.6 S', ['ORC|NW|P1', `OBR|1|P1||GLU^^L${'|'.repeat(23)}^^^^^S`], 'stat'],
  ['OBR-5 S', ['ORC|NW|P1', 'OBR|1|P1||GLU^^L|S'], 'stat'],
  ['TQ1 before ORC-7', ['ORC|NW|P1|||||^^^^^S', 'TQ1|1||||||||R', 'OBR|1|P1||GLU^^L'], 'routine'],
  ['urgent: T and the word', ['ORC|NW|P1', 'TQ1|1||||||||T', 'OBR|1|P1||GLU^^L', 'ZPR|URGENT'], 'urgent'],
  ['urgent: R and the word', ['ORC|NW|P1|||||^^^^^R', 'OBR|1|P1||GLU^^L', 'ZPR|urgent'], 'urgent'],
  ['A stays asap whatever the word', ['ORC|NW|P1|||||^^^^^A', 'OBR|1|P1||GLU^^L', 'ZPR|urgent'], 'asap'],
  ['T without the word', ['ORC|NW|P1|||||^^^^^T', 'OBR|1|P1||GLU^^L'], 'routine'],
  ['the word without a code', ['ORC|NW|P1', 'OBR|1|P1||GLU^^L', 'ZPR|urgent'], 'routine'],
  ['none', ['ORC|NW|P1', 'OBR|1|P1||GLU^^L'], 'routine'],
  ['a code nobody knows', ['ORC|NW|P1|||||^^^^^Q', 'OBR|1|P1||GLU^^L'], 'unknown'],
];
for (const [what, segments, priority] of priorities) {
  test(`6.9 priority, ${what}: ${priority}`, () => {
    const sent = {
      ...oml(...segments),
      type: 'ORM^O01',
      version: what.startsWith('TQ1') || what.includes(': T') ? '2.5.1' : '2.3',
    };
    assert.equal(orderOf(sent)?.priority, priority);
  });
}

test('kinds of orders', () => {
  assert.equal(orderOf(oml('ORC|NW|P1', `OBR|1|P1||CHEST^^L${'|'.repeat(20)}CT`))?.kind, 'imaging');
  assert.equal(orderOf({ ...oml('ORC|NW|P1', 'RXO|AMOX^Amoxicillin^L'), type: 'ORM^O01' })?.kind, 'medication');
  assert.equal(orderOf(oml('ORC|NW|P1', 'OBR|1|P1||AI-GLAND^^L'))?.kind, 'ai_analysis');
});

const width = 'OBX|1|NM|GW^Width^L||12.5|mm^^UCUM|||||F';
const ratio = 'OBX|2|NM|GR^Ratio^L||0.25|1|||||F';
const aiOrder = (...obxs: string[]): Sent => oml('ORC|NW|P1|||||^^^^^S', 'OBR|1|P1||AI-GLAND^^L', ...obxs);
const analysisOf = (sent: Sent) => {
  const facts = factsOf(map(sent)).filter((fact) => fact.topic.startsWith('analysis.'));
  return { topic: facts[0]?.topic, value: facts[0]?.value as TopicEvents['analysis.requests.stat.v1'] };
};

test('6.14 observations matched by code, system and unit become the features, in the manifest order', () => {
  const { topic, value } = analysisOf(aiOrder(ratio, width));
  assert.equal(topic, topics.requests.stat);
  assert.deepEqual(value.features, [12.5, 0.25]);
  assert.equal(value.inputProblem, null);
  assert.deepEqual(value.subject, { ageYears: 56, sex: 'F' });
  assert.equal(value.inputObservations.length, 2);
  assert.equal(value.jobId, orderOf(aiOrder(ratio, width))?.analysisJobId);
});

const problems: readonly (readonly [what: string, obxs: readonly string[], code: string, input: string])[] = [
  ['6.5 a preliminary value', [width.replace(/F$/, 'P'), ratio], 'INPUT_NOT_FINAL', 'width'],
  ['6.5 a withdrawn value', [width.replace(/F$/, 'W'), ratio], 'INPUT_NOT_FINAL', 'width'],
  ['6.14 a missing input', [ratio], 'INPUT_MISSING', 'width'],
  ['6.14 the same code twice', [width, width, ratio], 'INPUT_DUPLICATE', 'width'],
  ['6.14 >1000', [width.replace('12.5', '>1000'), ratio], 'INPUT_NOT_EXACT', 'width'],
  ['6.14 SN >^40', [width.replace('|NM|', '|SN|').replace('12.5', '>^40'), ratio], 'INPUT_NOT_EXACT', 'width'],
  ['6.14 an explicitly empty value', [width.replace('12.5', '""'), ratio], 'INPUT_NOT_A_NUMBER', 'width'],
  ['6.14 an absent value', [width.replace('12.5', ''), ratio], 'INPUT_NOT_A_NUMBER', 'width'],
  ['6.14 text for a number', [width.replace('12.5', 'wide'), ratio], 'INPUT_NOT_A_NUMBER', 'width'],
  ['6.14 two values', [width.replace('12.5', '12.5~13'), ratio], 'INPUT_NOT_A_NUMBER', 'width'],
  ['6.14 another unit', [width.replace('mm^^UCUM', 'cm^^UCUM'), ratio], 'INPUT_WRONG_UNIT', 'width'],
  ['6.14 no unit', [width.replace('mm^^UCUM', ''), ratio], 'INPUT_WRONG_UNIT', 'width'],
  ['6.14 the unit of another system', [width.replace('mm^^UCUM', 'mm^^ANSI'), ratio], 'INPUT_WRONG_UNIT', 'width'],
  ['6.14 the code of another system', [width.replace('GW^Width^L', 'GW^Width^LN'), ratio], 'INPUT_MISSING', 'width'],
  ['out of range', [width.replace('12.5', '51'), ratio], 'INPUT_OUT_OF_RANGE', 'width'],
];
for (const [what, obxs, code, input] of problems) {
  test(`${what} fails the analysis, never the order`, () => {
    const mapped = map(aiOrder(...obxs));
    assert.equal(valuesOf(mapped, topics.orders)[0]?.type, 'OrderPlaced');
    const { value } = analysisOf(aiOrder(...obxs));
    assert.deepEqual(value.inputProblem, { code, input });
    assert.deepEqual(value.features, []);
  });
}

test('6.5 a corrected value counts, and a preliminary one beside it does not make it ambiguous', () => {
  const { value } = analysisOf(aiOrder(width.replace(/F$/, 'P'), width.replace(/F$/, 'C'), ratio));
  assert.deepEqual(value.features, [12.5, 0.25]);
});

test('observations of specimens and of prior results never feed a model', () => {
  const specimen = analysisOf(aiOrder(width, ratio, 'SPM|1', width));
  assert.equal(specimen.value.inputProblem, null);
  const prior = analysisOf(aiOrder(width, ratio, 'ORC|PR|P0', 'OBR|1|P0||AI-GLAND^^L', width));
  assert.equal(prior.value.inputProblem, null);
});

test('6.5 a correction under the number the order names its observations by has the id of the input', () => {
  const corrected = (numbers: string) => observe(oru(`OBR|1|${numbers}|NA^^L`, width.replace(/F$/, 'C')))[0]?.observationId;
  const inputsUnder = (orc: string, numbers: string) =>
    analysisOf(oml(`ORC|NW|${orc}`, `OBR|1|${numbers}|AI-GLAND^^L`, width, ratio)).value.inputObservations;
  const byPlacer = inputsUnder('P1^OCS', 'P1^OCS|');
  assert.equal(corrected('P1^OCS|'), byPlacer[0]);
  for (const [orc, numbers] of [
    ['P1^OCS|F1^LIS', 'P1^OCS|'],
    ['P1^OCS', 'P1^OCS|F1^LIS'],
  ] as const) {
    assert.equal(corrected('P1^OCS|F1^LIS'), inputsUnder(orc, numbers)[0]);
    assert.equal(corrected('|F1^LIS'), inputsUnder(orc, numbers)[0]);
  }
  // A filler number the order did not know names another result (docs/hl7.md).
  assert.notEqual(corrected('P1^OCS|F1^LIS'), byPlacer[0]);
});

test('a birth date nobody can read leaves the age unknown, and the order stands', () => {
  const sent = {
    ...aiOrder(width, ratio),
    segments: aiOrder(width, ratio).segments.map((s) => s.replace('19700102', '1970-1-2')),
  };
  assert.deepEqual(analysisOf(sent).value.subject, { ageYears: null, sex: 'F' });
});

test('6.6 amending an analysis order with new inputs is refused, without them it is not', () => {
  const amend = (...obxs: string[]) => map(oml('ORC|XO|P1', 'OBR|1|P1||AI-GLAND^^L', ...obxs)).orders[0];
  assert.equal(amend(width, ratio)?.refused?.code, 'ANALYSIS_INPUTS_FIXED');
  assert.equal(amend(width, ratio)?.unable, 'UX');
  assert.deepEqual(
    amend()?.facts.map((fact) => fact.topic),
    [topics.orders],
  );
});

const oru = (...segments: string[]): Sent => ({ type: 'ORU^R01', segments: [pid, ...segments] });
const result = (value: string, more = 'F'): string => `OBX|1|${value}|||||${more}`;
const observe = (sent: Sent) => valuesOf(map(sent), topics.observations);
const obr = 'OBR|1|P1^OCS|F1^LIS|CBC^^L|||20261122081500';

test('a laboratory result: identity, value, unit, flag, range, time with the channel zone', () => {
  const [event] = observe(oru(obr, 'OBX|1|NM|718-7^Hemoglobin^LN||11.2|g/dL|12-16|L|||F|||20261122090000'));
  assert.deepEqual(
    { ...event, observationId: '', orderId: '' },
    {
      type: 'ObservationReported',
      observationId: '',
      patientKey: keyOf('4711'),
      orderId: '',
      fillerNumber: 'F1',
      code: { code: '718-7', system: 'LN', display: 'Hemoglobin' },
      subId: null,
      value: { numeric: 11.2, comparator: null, text: null, unit: 'g/dL' },
      status: 'final',
      abnormalFlag: 'L',
      referenceRange: '12-16',
      effectiveAt: '2026-11-22T09:00:00+09:00',
      sourceVersion: Date.UTC(2026, 10, 22, 4),
      messageId: 'm1',
    },
  );
});

const statuses: readonly (readonly [letter: string, type: string, status: string])[] = [
  ['F', 'ObservationReported', 'final'],
  ['P', 'ObservationReported', 'preliminary'],
  ['C', 'ObservationCorrected', 'corrected'],
  ['A', 'ObservationCorrected', 'amended'],
  ['X', 'ObservationWithdrawn', 'cancelled'],
  ['D', 'ObservationWithdrawn', 'entered_in_error'],
  ['W', 'ObservationWithdrawn', 'entered_in_error'],
];
for (const [letter, type, status] of statuses) {
  test(`6.5 OBX-11 ${letter} is ${status}, under the same id`, () => {
    const [event] = observe(oru(obr, `OBX|1|NM|HB^^L||11|g/dL|||||${letter}`));
    const [final] = observe(oru(obr, 'OBX|1|NM|HB^^L||12|g/dL|||||F'));
    assert.deepEqual([event?.type, event?.status], [type, status]);
    assert.equal(event?.observationId, final?.observationId);
  });
}

const values: readonly (readonly [obx: string, expected: object])[] = [
  ['NM|HB^^L||5.10', { numeric: 5.1 }],
  ['NM|HB^^L||>1000', { numeric: 1000, comparator: '>' }],
  ['NM|HB^^L||1.2.3', { text: '1.2.3' }],
  ['SN|HB^^L||<=^5', { numeric: 5, comparator: '<=' }],
  ['SN|HB^^L||^1^:^128', { text: '1:128' }],
  ['ST|HB^^L||negative', { text: 'negative' }],
  ['ST|HB^^L||007', { text: '007' }],
  ['CE|HB^^L||A^Type A^L', { text: 'Type A' }],
  ['ST|HB^^L||""', {}],
  ['NM|HB^^L||1~2', { text: '1\n2' }],
];
for (const [obx, expected] of values) {
  test(`6.14 value ${obx.slice(0, 2)} ${obx.split('||')[1]}`, () => {
    const [event] = observe(oru(obr, `OBX|1|${obx}||||||F`));
    assert.deepEqual(event?.value, { numeric: null, comparator: null, text: null, unit: null, ...expected });
  });
}

test('lines of one text are one result; other repeated identities are refused', () => {
  const line = (text: string): string => `OBX|1|TX|REPORT^^L||${text}||||||F`;
  assert.deepEqual(
    observe(oru(obr, line('first'), line('second'))).map((event) => event.value.text),
    ['first\nsecond'],
  );
  assert.equal(faultOf(oru(obr, 'OBX|1|NM|HB^^L||1||||||F', 'OBX|2|NM|HB^^L||2||||||F')).condition, 205);
  assert.equal(observe(oru(obr, 'OBX|1|NM|HB^^L|a|1||||||F', 'OBX|2|NM|HB^^L|b|2||||||F')).length, 2);
});

test('each patient of a message gets own results; nothing of the second attaches to the first', () => {
  const other = 'PID|2||4712^^^HIS^PI';
  const hb = 'OBX|1|NM|HB^^L||1||||||F';
  const events = observe(oru(obr, hb, other, 'OBR|1|P2|F2|CBC^^L', hb));
  assert.deepEqual(
    events.map((event) => event.patientKey),
    [keyOf('4711'), keyOf('4712')],
  );
  assert.equal(faultOf(oru(obr, hb, other, hb)).code, 'OBSERVATION_WITHOUT_REQUEST');
});

test('6.5 a result without status, or with one we cannot express, is refused', () => {
  assert.equal(faultOf(oru(obr, 'OBX|1|NM|HB^^L||1')).code, 'RESULT_STATUS_MISSING');
  assert.equal(faultOf(oru(obr, 'OBX|1|NM|HB^^L||1||||||U')).condition, 103);
  assert.equal(observe(oru(obr, 'OBX|1|NM|HB^^L||||||||O')).length, 0);
});

/** What the message says of its orders: type and, of a rejection, why. */
const saidOf = (sent: Sent) =>
  valuesOf(map(sent), topics.orders).map(({ type, placerNumber, specimenRejectReasons }) =>
    [type, placerNumber, ...specimenRejectReasons].join(' '),
  );
const report = (status: string, numbers = 'P1^OCS|F1^LIS'): string => `OBR|1|${numbers}|CBC^^L${'|'.repeat(21)}${status}`;
const hb = (letter: string): string => `OBX|1|NM|HB^^L||11|g/dL|||||${letter}`;
const wbc = (letter: string): string => `OBX|2|NM|WBC^^L||11|g/dL|||||${letter}`;

const endings: readonly (readonly [what: string, segments: readonly string[], said: readonly string[]])[] = [
  ['OBR-25 F and all results final', [report('F'), hb('F'), wbc('F')], ['OrderCompleted P1']],
  ['OBR-25 C and a corrected result', [report('C'), hb('C')], ['OrderCompleted P1']],
  ['ORC-5 CM and OBR-25 F', ['ORC|RE|P1^OCS|F1^LIS||CM', report('F'), hb('F')], ['OrderCompleted P1']],
  ['ORC-5 CM alone', ['ORC|RE|P1^OCS|F1^LIS||CM', report(''), hb('F')], ['OrderCompleted P1']],
  ['one result could not be had, the other is final', [report('F'), hb('X'), wbc('F')], ['OrderCompleted P1']],
  ['a preliminary report', [report('P'), hb('P')], []],
  ['a partial report', [report('A'), hb('F')], []],
  ['a final report with a result still to come', [report('F'), hb('F'), wbc('P')], []],
  ['a report without status', [report(''), hb('F')], []],
  ['a final report without results', [report('F')], []],
  ['ORC-5 IP and OBR-25 F disagree', ['ORC|RE|P1^OCS|F1^LIS||IP', report('F'), hb('F')], []],
  ['two reports of one order, one of them preliminary', [report('F'), hb('F'), report('P', 'P1^OCS|F2^LIS'), wbc('P')], []],
  ['OBR-25 X and no result', [report('X'), hb('X')], ['OrderCancelled P1']],
  ['ORC-5 CA', ['ORC|SC|P1^OCS|F1^LIS||CA', report(''), hb('X')], ['OrderCancelled P1']],
  ['OBR-25 X beside a final result disagree', [report('X'), hb('F')], []],
  ['a report that names no order of ours', [report('F', '|F1^LIS'), hb('F')], []],
];
for (const [what, segments, said] of endings) {
  test(`6.5 ${what}: ${said[0] ?? 'the order is left as it is'}`, () => {
    assert.deepEqual(saidOf(oru(...segments)), said);
  });
}

const spm = (reasons: string): string => `SPM|1|S1||BLD^^HL70487${'|'.repeat(17)}${reasons}`;

test('6.6 a rejected specimen (SPM-21) is told of the order, which stands unless the laboratory ends it', () => {
  assert.deepEqual(saidOf(oru(report(''), hb('X'), spm('RH^Hemolysis^HL70490~QS'))), ['OrderSpecimenRejected P1 QS RH']);
  assert.deepEqual(saidOf(oru(report('X'), hb('X'), spm('RC'))), ['OrderSpecimenRejected P1 RC', 'OrderCancelled P1']);
  assert.deepEqual(saidOf(oml('ORC|SC|P1|||HD', 'OBR|1|P1||GLU^^L', spm('QS'))), ['OrderSpecimenRejected P1 QS']);
  assert.deepEqual(saidOf(oml('ORC|OC|P1', 'OBR|1|P1||GLU^^L', spm('QS'))), ['OrderSpecimenRejected P1 QS', 'OrderCancelled P1']);
  assert.deepEqual(saidOf(oml('ORC|NW|P1', 'OBR|1|P1||GLU^^L', spm(''))), ['OrderPlaced P1']);
});

test('6.6 a cancellation says nothing of results: final observations are never revoked by it', () => {
  for (const sent of [
    oml('ORC|OC|P1', 'OBR|1|P1||GLU^^L', hb('F')),
    oru(report('X'), hb('F')),
    oru('ORC|SC|P1^OCS|||CA', report(''), hb('F')),
  ]) {
    assert.deepEqual(
      valuesOf(map(sent), topics.observations).filter(({ type }) => type !== 'ObservationReported'),
      [],
    );
  }
});

test('a reason that is no code is not repeated: free text may name anybody', () => {
  assert.deepEqual(saidOf(oru(report(''), hb('X'), spm('tube of Kim broken'))), ['OrderSpecimenRejected P1 other']);
});

test('the same report again tells of its order by the same event', () => {
  const ids = (messageId: string) =>
    factsOf(map({ ...oru(report('F'), hb('F')), messageId })).map(({ envelope }) => envelope.eventId);
  assert.deepEqual(ids('m1'), ids('m1'));
  assert.notDeepEqual(ids('m1').at(-1), ids('m2').at(-1));
});

test('an order says what was taken, when, and who ordered by id', () => {
  const placed = orderOf(
    oml(
      'ORC|NW|P1||||||||||D77^Invented^Doctor^^^^^^HOSP',
      'OBR|1|P1||GLU^^L',
      'SPM|1|S1^F1||BLD^Blood^HL70487|||||||||||||20261122081500',
    ),
  );
  assert.deepEqual(placed?.specimen, {
    id: 'S1',
    code: { code: 'BLD', system: 'HL70487', display: 'Blood' },
    collectedAt: '2026-11-22T08:15:00+09:00',
  });
  assert.deepEqual(placed?.orderingProvider, { id: 'D77', authority: 'HOSP' });
});

test('an added test is an order of its own that names its parent', () => {
  const parent = orderOf(oml('ORC|NW|P1^OCS', 'OBR|1|P1^OCS||GLU^^L'));
  const byOrc = orderOf(oml('ORC|NW|P2^OCS||G1||||P1&OCS^F1&LIS', 'OBR|1|P2^OCS||HBA1C^^L'));
  const byObr = orderOf(oml('ORC|NW|P2^OCS', `OBR|1|P2^OCS||HBA1C^^L${'|'.repeat(25)}P1&OCS^F1&LIS`));
  assert.deepEqual([byOrc?.parentOrderId, byObr?.parentOrderId], [parent?.orderId, parent?.orderId]);
  assert.notEqual(byOrc?.orderId, parent?.orderId);
  assert.equal(parent?.parentOrderId, null);
});

test('a test the laboratory added by itself belongs to the order it names as its parent', () => {
  const [added] = observe(oru(`OBR|1||F2^LIS|HBA1C^^L${'|'.repeat(25)}P1&OCS^F1&LIS`, hb('F')));
  const [own] = observe(oru(obr, hb('F')));
  assert.equal(added?.orderId, own?.orderId);
  assert.notEqual(added?.observationId, own?.observationId);
});

test('a further OBR without ORC and without results is refused: an added test must not be lost as a prior result', () => {
  for (const type of ['OML^O21', 'ORM^O01']) {
    const fault = faultOf({ ...oml('ORC|NW|P1', 'OBR|1|P1||GLU^^L', 'OBR|2|P1||NA^^L', 'NTE|1||too'), type });
    assert.deepEqual([fault.condition, fault.code, fault.location.occurrence], [100, 'ADDED_TEST_WITHOUT_ORDER', 2]);
  }
  assert.deepEqual(saidOf(oml('ORC|NW|P1', 'OBR|1|P1||GLU^^L', 'OBR|2|P0||NA^^L', hb('F'))), ['OrderPlaced P1']);
});

test('OBX-8 with several flags: what is critical is never hidden behind what is only abnormal', () => {
  const flagOf = (flags: string) => observe(oru(obr, `OBX|1|NM|HB^^L||1|g/dL||${flags}|||F`))[0]?.abnormalFlag;
  assert.deepEqual(['A~HH', 'LL', 'H~A', '', 'H'].map(flagOf), ['HH', 'LL', 'H', null, 'H']);
});

test('results without order numbers are refused', () => {
  assert.equal(faultOf(oru('OBR|1|||CBC^^L', result('NM|HB^^L||1|'))).code, 'ORDER_NUMBER_MISSING');
});

const adt = (event: string, ...segments: string[]): Sent => ({
  type: `ADT^${event}`,
  segments: ['EVN||20261122130000', ...segments],
  version: '2.4',
});

for (const [event, type] of [
  ['A01', 'PatientRegistered'],
  ['A04', 'PatientRegistered'],
  ['A08', 'PatientUpdated'],
  ['A31', 'PatientUpdated'],
] as const) {
  test(`6.4 ADT ${event} is ${type}`, () => {
    const [patient] = valuesOf(map(adt(event, pid)), topics.patients);
    assert.equal(patient?.type, type);
    assert.deepEqual(patient?.demographics, { familyName: 'Kim', givenName: 'Invented', birthDate: '1970-01-02', sex: 'F' });
  });
}

for (const event of ['A18', 'A34', 'A40']) {
  test(`6.4 ADT ${event} is a merge, published under both keys`, () => {
    const mapped = map(adt(event, pid, 'MRG|4700^^^HIS^PI'));
    assert.deepEqual(
      mapped.facts.map((fact) => fact.key),
      [keyOf('4700'), keyOf('4711')],
    );
    const [retired, survivor] = valuesOf(mapped, topics.patients);
    assert.deepEqual([retired?.mergedInto, survivor?.mergedFrom], [keyOf('4711'), keyOf('4700')]);
    assert.deepEqual(mapped.keys, [keyOf('4711'), keyOf('4700')]);
  });
}

test('6.4 several merges in one message, and merges that cannot be', () => {
  const pairs = [pid, 'MRG|4700^^^HIS^PI', 'PID|2||4712^^^HIS^PI', 'MRG|4701^^^HIS^PI'];
  assert.equal(map(adt('A40', ...pairs)).facts.length, 4);
  assert.equal(faultOf(adt('A40', pid)).code, 'MERGE_SEGMENT_MISSING');
  assert.equal(faultOf(adt('A40', pid, 'MRG|4711^^^HIS^PI')).code, 'MERGE_INTO_ITSELF');
  assert.equal(faultOf(adt('A40', pid, 'MRG|4700^^^HIS^VN')).condition, 204);
});

test('6.14 a birth date keeps its precision and never passes through UTC', () => {
  const birth = (text: string) =>
    valuesOf(map(adt('A04', pid.replace('19700102', text))), topics.patients)[0]?.demographics?.birthDate;
  assert.deepEqual(['1970', '197001', '19700101', '19700101000000+0900', '', '""'].map(birth), [
    '1970',
    '1970-01',
    '1970-01-01',
    '1970-01-01',
    null,
    null,
  ]);
  assert.equal(faultOf(adt('A04', pid.replace('19700102', '19700231'))).code, 'BIRTH_DATE_UNREADABLE');
});

test('6.3 the national id is never read: it stands in PID-3 and PID-19 and comes out nowhere', () => {
  const national = '700102-2345678';
  const segment = `PID|1||${national}^^^KR^NI~4711^^^HIS^PI||Kim${'|'.repeat(14)}${national}`;
  for (const sent of [
    adt('A04', segment),
    { ...oml('ORC|NW|P1', 'OBR|1|P1||AI-GLAND^^L'), segments: [segment, 'ORC|NW|P1', 'OBR|1|P1||AI-GLAND^^L'] },
  ]) {
    assert.equal(JSON.stringify(map(sent)).includes('2345678'), false);
  }
});
