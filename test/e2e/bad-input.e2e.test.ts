/** Bad input at every door: a clear error or a dead-letter record, counted, and nothing else stops. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type AnalysisRequested, deadLetterTopicOf, groups, inputSetOf, topics } from '@clinstream/contracts';
import { analysisOf, freshResult, type View } from './lib/analyses.ts';
import { featuresOf, manifest } from './lib/cases.ts';
import { type AskOptions, bodyOf, type House, metricIn, openHouse, until } from './lib/house.ts';
import { encode, readLog, writeRaw } from './lib/log.ts';
import { analysisOrder, fieldIn, hl7, pid, sendBytes } from './lib/mllp.ts';

let house: House;
before(async () => {
  house = await openHouse();
});
after(() => house?.close());

const good = analysisOf('bad-1', 1);
const { mean_radius: _left, ...incomplete } = good.inputs;
const wrongRole = () => house.system.token({ roles: ['staff'] });
const expired = () => house.system.token({ roles: ['doctor'], expiresIn: '-1h' });
type Bad = {
  readonly what: string;
  readonly status: number;
  readonly code: string;
  readonly ask: () => AskOptions | Promise<AskOptions>;
};

const badRequests: readonly Bad[] = [
  { what: 'malformed JSON', status: 400, code: 'MALFORMED_JSON', ask: () => ({ body: '{"patient": ' }) },
  { what: 'a wrong type', status: 400, code: 'INVALID_REQUEST', ask: () => ({ body: { ...good, model: 7 } }) },
  { what: 'a member nobody knows', status: 400, code: 'INVALID_REQUEST', ask: () => ({ body: { ...good, extra: 1 } }) },
  { what: 'an unknown model', status: 422, code: 'UNKNOWN_MODEL', ask: () => ({ body: { ...good, model: 'nonesuch' } }) },
  { what: 'a missing input', status: 422, code: 'INVALID_INPUTS', ask: () => ({ body: { ...good, inputs: incomplete } }) },
  {
    what: 'an input out of range',
    status: 422,
    code: 'INVALID_INPUTS',
    ask: () => ({ body: { ...good, inputs: { ...good.inputs, mean_radius: 5_000 } } }),
  },
  { what: 'a body too large', status: 413, code: 'BODY_TOO_LARGE', ask: () => ({ body: ' '.repeat(2 * 1024 * 1024) }) },
  {
    what: 'another content type',
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
    ask: () => ({ body: 'a,b', headers: { 'content-type': 'text/csv' } }),
  },
  { what: 'no token', status: 401, code: 'TOKEN_MISSING', ask: () => ({ body: good, token: null }) },
  { what: 'a wrong token', status: 401, code: 'TOKEN_INVALID', ask: () => ({ body: good, token: 'not-a-token' }) },
  { what: 'an expired token', status: 401, code: 'TOKEN_EXPIRED', ask: async () => ({ body: good, token: await expired() }) },
  { what: 'a wrong role', status: 403, code: 'FORBIDDEN', ask: async () => ({ body: good, token: await wrongRole() }) },
];

/** Every refusal is counted somewhere: by the HTTP server or by ingest. */
const refusals = async (code: string): Promise<number> =>
  metricIn(await house.metrics('ingest'), 'clinstream_http_problems_total', `error_code="${code}"`);

for (const { what, status, code, ask } of badRequests) {
  test(`HTTP: ${what} is a ${status} ${code}, counted`, async () => {
    const before = await refusals(code);
    const answer = await house.ingest('/v1/analyses', await ask());
    assert.equal(bodyOf<{ code: string }>(answer, status).code, code);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
    assert.equal((await refusals(code)) - before, 1);
  });
}

test('HTTP: the reading door refuses what it does not know, and whom', async () => {
  const codes = async (path: string, options: AskOptions = {}): Promise<unknown> => {
    const { status, text } = await house.api(path, options);
    return [status, (JSON.parse(text) as { code: string }).code];
  };
  assert.deepEqual(await codes('/v1/analyses/nonesuch'), [404, 'ANALYSIS_UNKNOWN']);
  assert.deepEqual(await codes('/v1/analyses/nonesuch?position=nowhere'), [400, 'POSITION_INVALID']);
  assert.deepEqual(await codes('/v1/analyses?cursor=nowhere'), [400, 'CURSOR_INVALID']);
  assert.deepEqual(await codes('/v1/analyses?limit=none'), [400, 'INVALID_REQUEST']);
  assert.deepEqual(await codes('/v1/analyses', { token: null }), [401, 'TOKEN_MISSING']);
  assert.deepEqual(await codes('/v1/analyses', { token: await house.system.token({ roles: ['patient'] }) }), [403, 'FORBIDDEN']);
});

const skippedBytes = async (): Promise<number> => metricIn(await house.metrics('ingest'), 'clinstream_mllp_skipped_bytes_total');

test('MLLP: garbage is skipped and counted, the port goes on', async () => {
  const before = await skippedBytes();
  assert.equal(await sendBytes(house.system.ports.mllp, Buffer.from('GET / HTTP/1.1')), '');
  assert.equal((await skippedBytes()) - before, 14);
});

const badMessages: readonly (readonly [string, string, string])[] = [
  ['no MSH at all', 'NO_MESSAGE_HEADER', 'PID|1||1^^^HIS^PI\r'],
  [
    'an MSH without control id',
    'HEADER_FIELD_MISSING',
    hl7({ type: 'ADT^A04', controlId: '', from: 'HIS', segments: [pid('1')] }),
  ],
  ['an MSH without type', 'HEADER_FIELD_MISSING', hl7({ type: '', controlId: 'BAD-2', segments: [pid('1')] })],
  [
    'a sender not on the list',
    'SENDER_NOT_ALLOWED',
    hl7({ type: 'ADT^A04', controlId: 'BAD-3', segments: [pid('1')] }).replace('|OCS|', '|XXX|'),
  ],
];
for (const [what, error, message] of badMessages) {
  test(`MLLP: ${what} is answered AE ${error}, counted`, async () => {
    const count = async () => metricIn(await house.metrics('ingest'), 'clinstream_mllp_messages_total', `error_code="${error}"`);
    const before = await count();
    const [answer = ''] = await house.hl7(message);
    assert.match(fieldIn(answer, 'MSA', 1), /^A[ER]$/, answer);
    assert.match(answer, new RegExp(error));
    assert.equal((await count()) - before, 1);
  });
}

test('MLLP: a bad model input fails the analysis, never the order', async () => {
  const segments = analysisOrder('BAD-ORDER', 2).map((segment) =>
    segment.replace(/\|NM\|(BCW-MEAN-AREA[^|]*)\|\|[^|]*\|/, '|NM|$1||>1000|'),
  );
  const [answer = ''] = await house.hl7(
    hl7({ type: 'OML^O21^OML_O21', controlId: 'BAD-5', segments: [pid('90001'), ...segments] }),
  );
  assert.deepEqual([fieldIn(answer, 'MSA', 1), fieldIn(answer, 'ORC', 1)], ['AA', 'OK']);
  type Timeline = { items: { order?: { status: string; analysisJobId: string }; analysis?: View }[] };
  const items = await until(async () => {
    const found = await house.api(`/v1/patients/${encodeURIComponent('HANEUL|HIS|90001')}/timeline`);
    const timeline = found.status === 200 ? bodyOf<Timeline>(found, 200).items : [];
    return timeline.some(({ analysis }) => analysis?.status === 'failed') && timeline;
  }, 'the analysis has failed');
  assert.equal(items.find(({ order }) => order)?.order?.status, 'active');
  assert.match(items.find(({ analysis }) => analysis)?.analysis?.failure?.input ?? '', /mean_area/);
});

const jobRequest = (jobId: string, change: Partial<AnalysisRequested>): AnalysisRequested => ({
  type: 'AnalysisRequested',
  jobId,
  patientKey: null,
  generation: 1,
  model: manifest.name,
  modelVersion: null,
  inputSet: inputSetOf(manifest),
  features: featuresOf(0),
  subject: null,
  inputProblem: null,
  inputObservations: [],
  evidence: false,
  priority: 'urgent',
  orderId: null,
  requestedBy: 'e2e',
  requestedAt: Date.now(),
  ...change,
});
const headersOf = (id: string) => ({
  'event-id': id,
  'event-type': 'AnalysisRequested',
  'occurred-at': String(Date.now()),
  'correlation-id': id,
});

test('3.14 Kafka: records nobody can read are on the dead-letter topics with their own bytes, counted; what follows them is handled', async () => {
  const unknownSchema = Buffer.concat([Buffer.of(0, 0x7f, 0xff, 0xff, 0xff), Buffer.from('whatever')]);
  const bad: readonly (readonly [string, Buffer | null])[] = [
    ['NOT_AVRO_FRAMED', Buffer.from('not avro')],
    ['SCHEMA_UNKNOWN', unknownSchema],
    ['AVRO_UNREADABLE', (await encode(house.stack, topics.requests.urgent, jobRequest('cut', {}))).subarray(0, 20)],
    ['RECORD_WITHOUT_VALUE', null],
    ['NOT_AVRO_FRAMED', Buffer.alloc(990_000, 'x')],
  ];
  for (const [index, [, value]] of bad.entries()) {
    await writeRaw(house.stack, topics.requests.urgent, [{ key: 'bad', value, headers: headersOf(`bad-${index}`) }]);
  }
  const after = await encode(house.stack, topics.requests.urgent, jobRequest('after-bad', {}));
  await writeRaw(house.stack, topics.requests.urgent, [{ key: 'bad', value: after, headers: headersOf('after-bad') }]);
  const ends = await until(async () => {
    const { status, text } = await house.api('/v1/analyses/after-bad?wait=10');
    return status === 200 && (JSON.parse(text) as View);
  }, 'the job behind them');
  assert.equal(ends.status, 'completed');
  for (const group of [groups.inference.urgent, groups.sink]) {
    const service = group === groups.sink ? 'api' : 'inference';
    await until(
      async () => metricIn(await house.metrics(service), 'clinstream_dead_letters_total', `group="${group}"`) === bad.length,
      `${group} counts its dead letters`,
    );
    const parked = await readLog(house.stack, [deadLetterTopicOf(group)]);
    assert.deepEqual(
      parked.map(({ headers }) => [headers['event-id'], headers['error-code']]),
      bad.map(([code], i) => [`bad-${i}`, code]),
    );
    for (const [index, record] of parked.entries()) {
      assert.equal(record.headers['origin-topic'], topics.requests.urgent);
      // What would not fit beside the headers we add is kept where it stands.
      const value = bad[index]?.[1] ?? null;
      if (record.value !== null || index < 4) assert.deepEqual(record.value, value);
    }
  }
});

test('Kafka: a record for an unknown model, or with inputs in another order, ends its job as failed, counted', async () => {
  const bad: readonly (readonly [string, Partial<AnalysisRequested>])[] = [
    ['MODEL_UNKNOWN', { model: 'nonesuch' }],
    ['MODEL_VERSION_UNKNOWN', { modelVersion: '99.0.0' }],
    ['INPUT_SET_MISMATCH', { inputSet: 'other' }],
  ];
  for (const [code, change] of bad) {
    const value = await encode(house.stack, topics.requests.urgent, jobRequest(`job-${code}`, change));
    await writeRaw(house.stack, topics.requests.urgent, [{ key: `job-${code}`, value, headers: headersOf(code) }]);
    const view = await until(async () => {
      const { status, text } = await house.api(`/v1/analyses/job-${code}?wait=10`);
      const found = JSON.parse(text) as View;
      return status === 200 && found.status === 'failed' && found;
    }, code);
    assert.equal(view.failure?.code, code);
    assert.equal(metricIn(await house.metrics('inference'), 'clinstream_analyses_ended_total', `code="${code}"`), 1);
  }
});

test('after all of it every door still works', async () => {
  assert.equal((await freshResult(house, 3)).status, 'completed');
  const [answer = ''] = await house.hl7(hl7({ type: 'ADT^A04', controlId: 'GOOD-1', from: 'HIS', segments: [pid('90002')] }));
  assert.equal(fieldIn(answer, 'MSA', 1), 'AA');
  for (const name of ['ingest', 'inference', 'api'] as const) assert.ok(await house.service(name).isReady(), name);
});
