/** The main path as users walk it: HTTP and HL7 in, results out. Names carry the rows of docs/requirements.md. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Accepted, analysisOf, listAll, queuesOf, resultOf, submit, type View } from './lib/analyses.ts';
import { manifest, probabilityOf } from './lib/cases.ts';
import { bodyOf, type House, openHouse, until } from './lib/house.ts';
import { analysisOrder, fieldIn, hl7, patientKey, pid } from './lib/mllp.ts';

let house: House;
before(async () => {
  house = await openHouse();
});
after(() => house?.close());

const isRightAnswer = (view: View, index: number): void => {
  assert.equal(view.status, 'completed');
  const probability = view.prediction?.probability ?? Number.NaN;
  assert.ok(Math.abs(probability - probabilityOf(index)) <= 1e-5, 'the probability is what scikit-learn said of this case');
  assert.equal(view.prediction?.label, probability >= manifest.outputs.threshold ? 'malignant' : 'benign');
};

test('0.5 0.7 1.1 1.3 3.4 an analysis over HTTP is answered by the model trained offline, with its version and digest', async () => {
  const accepted = await submit(house, analysisOf('0001', 3));
  const view = await resultOf(house, accepted);
  isRightAnswer(view, 3);
  assert.deepEqual(
    [view.model?.name, view.model?.version, view.model?.digest, view.patientKey],
    [manifest.name, manifest.version, manifest.digest, 'SEOUL|MRN|0001'],
  );
  assert.ok(view.requestedAt !== null && view.endedAt !== null && view.requestedAt <= view.endedAt);
});

test('0.6 1.4 3.2 the answer is a 202 with where to look; the job waits in the log while no worker runs, and is pending, not unknown', async () => {
  await house.service('inference').stop();
  const answer = await house.ingest('/v1/analyses', { body: analysisOf('0002', 4) });
  const accepted = bodyOf<Accepted>(answer, 202);
  assert.equal(answer.headers.get('location'), accepted.links.self);
  await until(
    async () => (await queuesOf(house)).lanes.some(({ lane, waiting }) => lane === 'routine' && waiting === 1),
    'it waits',
  );
  const link = new URL(accepted.links.self);
  assert.equal(bodyOf<View>(await house.api(link.pathname + link.search), 200).status, 'queued');
  await house.start('inference');
  isRightAnswer(await resultOf(house, accepted), 4);
});

test('0.13 evidence adds up: base value and one value per input make the margin, the strongest first', async () => {
  const { evidence, prediction } = await resultOf(house, await submit(house, analysisOf('0003', 5, { evidence: true })));
  assert.ok(evidence && prediction?.margin !== undefined && prediction.margin !== null);
  const values = evidence.inputs.map(({ value }) => value);
  assert.ok(Math.abs(evidence.baseValue + values.reduce((sum, value) => sum + value, 0) - prediction.margin) <= 1e-6);
  assert.deepEqual(new Set(evidence.inputs.map(({ name }) => name)), new Set(manifest.inputs.map(({ name }) => name)));
  assert.deepEqual(
    values.map(Math.abs),
    values.map(Math.abs).sort((a, b) => b - a),
  );
});

test('1.1 the same request under the same key is the same job; another body under it is refused', async () => {
  const body = analysisOf('0004', 6);
  const [first, again] = [await submit(house, body, 'key-1'), await submit(house, body, 'key-1')];
  assert.equal(again.jobId, first.jobId);
  isRightAnswer(await resultOf(house, first), 6);
  const other = await house.ingest('/v1/analyses', { body: analysisOf('0004', 7), headers: { 'idempotency-key': 'key-1' } });
  assert.equal(bodyOf<{ code: string }>(other, 422).code, 'IDEMPOTENCY_KEY_REUSED');
  assert.equal((await listAll(house, `&patient=${encodeURIComponent('SEOUL|MRN|0004')}`)).length, 1);
});

test('1.2 3.2 analyses are listed by patient, status, model and time', async () => {
  const find = async (query: string): Promise<number> =>
    (await listAll(house, `&patient=${encodeURIComponent('SEOUL|MRN|0001')}${query}`)).length;
  assert.deepEqual(
    [await find('&status=completed&model=breast-cancer'), await find('&status=failed'), await find('&model=none')],
    [1, 0, 0],
  );
  const tomorrow = encodeURIComponent(new Date(Date.now() + 86_400_000).toISOString());
  assert.deepEqual([await find(`&from=${tomorrow}`), await find(`&to=${tomorrow}`)], [0, 1]);
});

test('an order over MLLP becomes an analysis, found on the patient’s timeline and by the control id of its message', async () => {
  const order = hl7({
    type: 'OML^O21^OML_O21',
    controlId: 'E2E-1',
    segments: [pid('70001'), ...analysisOrder('E2E-ORDER-1', 8, 'S')],
  });
  const [answer = ''] = await house.hl7(order);
  assert.deepEqual([fieldIn(answer, 'MSA', 1), fieldIn(answer, 'MSA', 2), fieldIn(answer, 'ORC', 1)], ['AA', 'E2E-1', 'OK']);
  type Timeline = { items: { kind: string; analysis?: View; order?: { placerNumber: string; analysisJobId: string } }[] };
  const items = await until(async () => {
    const found = await house.api(`/v1/patients/${encodeURIComponent(patientKey('70001'))}/timeline`);
    const timeline = found.status === 200 ? bodyOf<Timeline>(found, 200).items : [];
    return timeline.some(({ analysis }) => analysis?.status === 'completed') && timeline;
  }, 'the timeline shows the result');
  const analysis = items.find(({ kind }) => kind === 'analysis')?.analysis;
  const placed = items.find(({ kind }) => kind === 'order')?.order;
  assert.ok(analysis && placed);
  isRightAnswer(analysis, 8);
  assert.deepEqual([placed.placerNumber, placed.analysisJobId, analysis.priority], ['E2E-ORDER-1', analysis.jobId, 'stat']);

  type Messages = { items: { acknowledgement: string; links: { raw: string } }[] };
  const { items: messages } = bodyOf<Messages>(await house.api('/v1/messages?controlId=E2E-1'), 200);
  assert.deepEqual(
    messages.map(({ acknowledgement }) => acknowledgement),
    ['AA'],
  );
  const lab = await house.system.token({ roles: ['lab'] });
  assert.equal((await house.api(`/${messages[0]?.links.raw}`, { token: lab })).text, order, 'the raw bytes are kept');
});

test('a batch is answered line by line, and a broken line fails alone', async () => {
  const lines = [0, 1, 2].map((index) => JSON.stringify({ reference: `nd-${index}`, ...analysisOf('0005', index) }));
  const body = [lines[0], '{"reference": "nd-broken"', lines[1], lines[2]].join('\n');
  const answer = await house.ingest('/v1/analyses:batch', { body, headers: { 'content-type': 'application/x-ndjson' } });
  type Line = Accepted & { readonly line: number; readonly status: number; readonly problem?: { readonly code: string } };
  const answers = answer.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  assert.deepEqual(
    answers.map(({ line, status, problem }) => [line, status, problem?.code]),
    [
      [1, 202, undefined],
      [2, 400, 'MALFORMED_LINE'],
      [3, 202, undefined],
      [4, 202, undefined],
    ],
  );
  for (const [index, accepted] of answers.filter(({ status }) => status === 202).entries()) {
    isRightAnswer(await resultOf(house, accepted), index);
  }
});

test('the event stream of a job ends with its result', async () => {
  const accepted = await submit(house, analysisOf('0006', 9));
  await resultOf(house, accepted);
  const stream = await house.api(`/v1/analyses/${accepted.jobId}/events`, { headers: { accept: 'text/event-stream' } });
  assert.match(stream.headers.get('content-type') ?? '', /^text\/event-stream/);
  const data = [...stream.text.matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json ?? '') as View);
  const last = data.at(-1);
  assert.ok(last);
  isRightAnswer(last, 9);
});

test('3.19 queues tell what waits and runs per lane', async () => {
  const { lanes } = await queuesOf(house);
  assert.deepEqual(
    lanes.map(({ lane, waiting, running }) => [lane, waiting, running]),
    [
      ['stat', 0, 0],
      ['urgent', 0, 0],
      ['routine', 0, 0],
    ],
  );
});

test('0.9 models declare what they ask for, and an analysis that does not fit is refused before it is queued', async () => {
  type Models = { models: { name: string; digest: string; inputs: { name: string; unit: string; minimum: number }[] }[] };
  const { models } = bodyOf<Models>(await house.api('/v1/models'), 200);
  assert.deepEqual(
    models.map(({ name, digest, inputs }) => [name, digest, inputs.length]),
    [[manifest.name, manifest.digest, 30]],
  );
  const { mean_radius: _left, ...others } = analysisOf('0007', 1).inputs;
  const refused = await house.ingest('/v1/analyses', { body: { ...analysisOf('0007', 1), inputs: others } });
  const { code, errors } = bodyOf<{ code: string; errors: { pointer: string; code: string }[] }>(refused, 422);
  assert.equal(code, 'INVALID_INPUTS');
  assert.deepEqual(
    errors.map((error) => [error.pointer, error.code]),
    [['/inputs/mean_radius', 'MISSING']],
  );
});

test('what the model is not meant for is abstained from, with the reason and no number', async () => {
  const view = await resultOf(house, await submit(house, analysisOf('0008', 1, { subject: { ageYears: 9, sex: 'F' } })));
  assert.deepEqual([view.status, view.reasons, view.prediction], ['abstained', ['OUTSIDE_POPULATION_AGE'], null]);
});
