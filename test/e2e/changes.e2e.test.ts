/** What changes after the fact: merges, amendments, cancellations, corrected inputs, and the whole log once more. Sent over HL7 and HTTP, seen through the API. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { groups, lanes, topics } from '@clinstream/contracts';
import { type Accepted, analysisOf, freshResult, listAll, resultOf, submit, type View } from './lib/analyses.ts';
import { manifest } from './lib/cases.ts';
import { bodyOf, type House, openHouse, until } from './lib/house.ts';
import { analysisOrder, fieldIn, hl7, patientKey, pid, timeOf } from './lib/mllp.ts';
import { openProjection } from './lib/projection.ts';

let house: House;
before(async () => {
  house = await openHouse();
});
after(() => house?.close());

type Order = {
  readonly orderId: string;
  readonly status: string;
  readonly priority: string;
  readonly note: string | null;
  readonly placerNumber: string;
};
type Item = { readonly kind: string; readonly patientKey: string; readonly analysis?: View; readonly order?: Order };
type Timeline = {
  readonly survivor: string;
  readonly merged: boolean;
  readonly patients: readonly { readonly patientKey: string; readonly mergedInto: string | null }[];
  readonly items: readonly Item[];
};

const timelineOf = async (id: string): Promise<Timeline | null> => {
  const answer = await house.api(`/v1/patients/${encodeURIComponent(patientKey(id))}/timeline`);
  return answer.status === 404 ? null : bodyOf<Timeline>(answer, 200);
};
const orderOn = async (id: string, placerNumber: string): Promise<Order | undefined> =>
  (await timelineOf(id))?.items.find(({ order }) => order?.placerNumber === placerNumber)?.order;

let messages = 0;
/** Sends a message and expects it to be accepted. `second` is when its sender says it was made. */
async function send(
  type: string,
  second: number,
  segments: readonly string[],
  from: 'OCS' | 'HIS' | 'LIS' = 'OCS',
): Promise<string> {
  const time = timeOf(Date.UTC(2026, 10, 22, 0, 0, second));
  const message = hl7({ type, controlId: `CHANGE-${++messages}`, time, from, segments });
  const [answer = ''] = await house.hl7(message);
  assert.equal(fieldIn(answer, 'MSA', 1), 'AA', answer);
  return message;
}

test('a merge (A40) shows both histories under the survivor, and late news of the retired record do not undo it', async () => {
  await send('ADT^A04', 1, [pid('80001')], 'HIS');
  await send('ADT^A04', 1, [pid('80002')], 'HIS');
  const jobs: Accepted[] = [];
  for (const id of ['80001', '80002']) {
    jobs.push(await submit(house, { ...analysisOf(id, 1), patient: { facility: 'HANEUL', authority: 'HIS', id } }));
  }
  for (const job of jobs) await resultOf(house, job);
  await send('ADT^A40^ADT_A39', 3, [pid('80001'), 'MRG|80002^^^HIS^PI'], 'HIS');
  const merged = await until(async () => {
    const timeline = await timelineOf('80002');
    return timeline?.merged && timeline;
  }, 'the merge is seen');
  assert.equal(merged.survivor, patientKey('80001'));
  assert.deepEqual(new Set(merged.items.map(({ analysis }) => analysis?.jobId)), new Set(jobs.map(({ jobId }) => jobId)));
  assert.deepEqual(merged.patients.map((one) => [one.patientKey, one.mergedInto]).sort(), [
    [patientKey('80001'), null],
    [patientKey('80002'), patientKey('80001')],
  ]);
  await send('ADT^A08', 2, [pid('80002', 'Late^News')], 'HIS');
  await send('ADT^A08', 4, [pid('80001', 'Newest^Name')], 'HIS');
  await until(async () => JSON.stringify(await timelineOf('80001')).includes('Newest'), 'the later message is seen');
  assert.deepEqual((await timelineOf('80002'))?.survivor, patientKey('80001'));
});

const laboratoryOrder = (number: string, control: string, priority: string, note?: string): readonly string[] => [
  pid('80010'),
  `ORC|${control}|${number}^OCS`,
  `TQ1|1||||||||${priority}`,
  `OBR|1|${number}^OCS||CBC^Blood count^L`,
  ...(note === undefined ? [] : [`NTE|1||${note}`]),
];

test('an amended order shows the amendment, also after the first message came again', async () => {
  const placed = await send('OML^O21^OML_O21', 1, laboratoryOrder('CH-1', 'NW', 'R'));
  await send('OML^O21^OML_O21', 2, laboratoryOrder('CH-1', 'XO', 'S', 'with differential'));
  const amended = () => until(async () => (await orderOn('80010', 'CH-1'))?.priority === 'stat', 'the amendment is seen');
  await amended();
  await house.hl7(placed);
  await send('OML^O21^OML_O21', 3, laboratoryOrder('CH-MARK-1', 'NW', 'R'));
  await until(() => orderOn('80010', 'CH-MARK-1'), 'what was sent after the repetition is seen');
  const order = await orderOn('80010', 'CH-1');
  assert.deepEqual([order?.status, order?.priority, order?.note], ['active', 'stat', 'with differential']);
});

test('a cancellation is first asked for, then done when the laboratory says so, and no late amendment revives it', async () => {
  await send('OML^O21^OML_O21', 1, laboratoryOrder('CH-2', 'NW', 'R'));
  await send('OML^O21^OML_O21', 3, [pid('80010'), 'ORC|CA|CH-2^OCS', 'OBR|1|CH-2^OCS||CBC^Blood count^L']);
  const reaches = (status: string) => until(async () => (await orderOn('80010', 'CH-2'))?.status === status, `CH-2 is ${status}`);
  await reaches('cancel_requested');
  await send('OML^O21^OML_O21', 4, [pid('80010'), 'ORC|OC|CH-2^OCS', 'OBR|1|CH-2^OCS||CBC^Blood count^L'], 'LIS');
  await reaches('cancelled');
  await send('OML^O21^OML_O21', 2, laboratoryOrder('CH-2', 'XO', 'S'));
  await send('OML^O21^OML_O21', 5, laboratoryOrder('CH-MARK-2', 'NW', 'R'));
  await until(() => orderOn('80010', 'CH-MARK-2'), 'what was sent after the late amendment is seen');
  await reaches('cancelled');
});

test('an order over HTTP can be placed, amended and asked to be cancelled', async () => {
  const identity = {
    placerNumber: 'CH-3',
    placerAuthority: 'WEB',
    patient: { facility: 'HANEUL', authority: 'HIS', id: '80011' },
  };
  const content = { kind: 'laboratory', code: { code: 'CBC', system: 'L' } };
  const order = async (body: object): Promise<string> =>
    bodyOf<{ orderId: string }>(await house.ingest('/v1/orders', { body: { ...identity, ...body } }), 202).orderId;
  const orderId = await order({ action: 'place', ...content, sourceVersion: 1 });
  assert.equal(await order({ action: 'amend', ...content, priority: 'stat', sourceVersion: 2 }), orderId);
  const duplicate = await house.ingest('/v1/orders', { body: { ...identity, action: 'place', ...content, note: 'another' } });
  assert.equal(bodyOf<{ code: string }>(duplicate, 409).code, 'DUPLICATE_ORDER');
  assert.equal(await order({ action: 'cancel', sourceVersion: 3 }), orderId);
  await until(async () => (await orderOn('80011', 'CH-3'))?.status === 'cancel_requested', 'the request is seen');
  assert.equal((await orderOn('80011', 'CH-3'))?.priority, 'stat');
});

test('an input corrected or withdrawn after the analysis marks its result stale; a preliminary one does not', async () => {
  await send('OML^O21^OML_O21', 1, [pid('80020'), ...analysisOrder('CH-4', 11)]);
  const analysis = () =>
    until(async () => {
      const found = (await timelineOf('80020'))?.items.find((item) => item.analysis)?.analysis;
      return found?.status === 'completed' && found;
    }, 'the analysis ended');
  assert.equal((await analysis()).stale, false);
  const result = (second: number, input: number, status: string) => {
    const { codes, unit } = manifest.inputs[input] ?? { codes: [], unit: '' };
    const obx = `OBX|1|NM|${codes[0]?.code}^^${codes[0]?.system}||12.5|${unit}^^UCUM|||||${status}`;
    return send('ORU^R01^ORU_R01', second, [pid('80020'), 'OBR|1|CH-4^OCS||PANEL^Nuclei^L', obx], 'LIS');
  };
  await result(2, 0, 'P');
  await result(3, 1, 'C');
  await until(async () => (await analysis()).stale, 'the corrected input makes it stale');
  assert.equal((await analysis()).staleInputs.length, 1);
  await result(4, 2, 'W');
  await until(async () => (await analysis()).staleInputs.length === 2, 'the withdrawn input is named as well');
});

test('facts 6.5, 6.10: a doctor approves the very result shown; an input withdrawn since blocks approval, and a rejection takes it back', async () => {
  await send('OML^O21^OML_O21', 1, [pid('80030'), ...analysisOrder('CH-5', 13)]);
  const jobId = await until(
    async () => (await listAll(house, `&review=pending&patient=${encodeURIComponent(patientKey('80030'))}`))[0]?.jobId,
    'the result waits for a review',
  );
  const path = `/v1/analyses/${jobId}`;
  const shown = bodyOf<View>(await house.api(path), 200);
  assert.deepEqual([shown.review?.status, shown.released], ['pending', null]);
  const { generation, attempt, model } = shown;
  const looked = { generation, attempt, modelVersion: model?.version, modelDigest: model?.digest };
  const review = (body: object, token?: string) =>
    house.api(`${path}/review`, { body, ...(token === undefined ? {} : { token }) });
  /** The analysis once the review is taken into account. */
  const reviewed = async (body: object): Promise<View> => {
    const { position } = bodyOf<{ position: string }>(await review(body), 202);
    return bodyOf<View>(await house.api(`${path}?wait=30&position=${position}`), 200);
  };
  const nurse = await house.system.token({ roles: ['nurse'] });
  bodyOf(await review({ decision: 'approve', ...looked }, nurse), 403);
  assert.equal(
    bodyOf<{ code: string }>(await review({ decision: 'approve', ...looked, attempt: 9 }), 409).code,
    'REVIEW_NOT_CURRENT',
  );
  const approved = await reviewed({ decision: 'approve', ...looked, comment: 'agrees with the biopsy' });
  assert.deepEqual(
    [approved.review?.status, approved.review?.comment, approved.released?.generation],
    ['approved', 'agrees with the biopsy', 1],
  );
  assert.deepEqual(
    (await listAll(house, '&review=approved')).map((one) => one.jobId),
    [jobId],
  );
  const { codes, unit } = manifest.inputs[3] ?? { codes: [], unit: '' };
  const withdrawal = `OBX|1|NM|${codes[0]?.code}^^${codes[0]?.system}||12.5|${unit}^^UCUM|||||W`;
  await send('ORU^R01^ORU_R01', 2, [pid('80030'), 'OBR|1|CH-5^OCS||PANEL^Nuclei^L', withdrawal], 'LIS');
  await until(async () => bodyOf<View>(await house.api(path), 200).stale, 'the withdrawal is seen');
  assert.equal(bodyOf<{ code: string }>(await review({ decision: 'approve', ...looked }), 409).code, 'REVIEW_STALE');
  const rejected = await reviewed({ decision: 'reject', ...looked });
  assert.deepEqual([rejected.review?.status, rejected.released], ['rejected', null]);
});

/** Groups forget how far they have read; only possible while they are stopped. */
async function forgetPositions(): Promise<void> {
  const admin = house.stack.admin();
  for (const lane of lanes) {
    const logs = await admin.logBounds([topics.requests[lane]]);
    await admin.setGroupOffsets(
      groups.inference[lane],
      logs.map(({ topic, partition, logStartOffset }) => ({ topic, partition, offset: logStartOffset })),
    );
  }
  await admin.close();
}

test('a full replay of all topics, by inference and by the sink with its rows kept, changes nothing', {
  timeout: 120_000,
}, async () => {
  const projection = await openProjection(house);
  await projection.caughtUp();
  const before = await projection.rows();
  await Promise.all([house.service('inference').stop(), house.service('api').stop()]);
  await forgetPositions();
  await projection.rewind();
  await Promise.all([house.start('inference'), house.start('api')]);
  await freshResult(house, 12);
  await projection.caughtUp();
  const fresh = (await listAll(house, `&patient=${encodeURIComponent('SEOUL|MRN|fresh-12')}`))[0]?.jobId ?? '';
  assert.notEqual(fresh, '');
  for (const [table, rows] of Object.entries(await projection.rows())) {
    assert.deepEqual(
      rows.filter((row) => !row.includes(fresh)),
      before[table],
      table,
    );
  }
  await projection.close();
});

/** Everything the API shows of the patients of this file, but for the count of changes: a rebuild may see several in one. */
async function shown(): Promise<string> {
  const timelines = await Promise.all(['80001', '80002', '80010', '80011', '80020', '80030'].map(timelineOf));
  return JSON.stringify(timelines, (key, value) => (key === 'version' && typeof value === 'number' ? undefined : value));
}

test('a projection that was dropped is built again from the topics, and shows the same', { timeout: 120_000 }, async () => {
  const before = await shown();
  await house.service('api').stop();
  const script = `${import.meta.dirname}/../../services/api/src/reset-projection.ts`;
  const env = { ...process.env, ...house.stack.env(house.database) };
  await promisify(execFile)(process.execPath, [script, '--yes-drop-projection'], { env });
  await house.start('api');
  await until(async () => (await shown()) === before, 'everything is shown as before');
});
