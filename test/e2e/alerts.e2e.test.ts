/** A critical value calls a person, while the laboratory system itself is away: from the ORU to the acknowledgement, through public doors. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bodyOf, type House, prepareHouse, until } from './lib/house.ts';
import { fieldIn, hl7, patientKey, pid } from './lib/mllp.ts';

type Alert = {
  readonly alertId: string;
  readonly kind: string;
  readonly subjectKind: string;
  readonly subjectId: string;
  readonly status: string;
  readonly level: number;
  readonly superseded: boolean;
  readonly acknowledgedBy: string | null;
};

const run = Date.now().toString(36);
const patientId = `A${run}`;
const critical = '7.13579';
let house: House;

before(async () => {
  house = await prepareHouse(async () => ({ LIS_PORT: '1', LOG_LEVEL: 'trace' }));
  await Promise.all([house.start('ingest'), house.start('api'), house.start('sync-lis', { ready: false })]);
});
after(() => house?.close());

const alerts = async (query = ''): Promise<readonly Alert[]> =>
  bodyOf<{ items: readonly Alert[] }>(
    await house.api(`/v1/alerts?patient=${encodeURIComponent(patientKey(patientId))}${query}`),
    200,
  ).items;

async function report(controlId: string, ...segments: readonly string[]): Promise<void> {
  const message = hl7({
    type: 'ORU^R01^ORU_R01',
    from: 'LIS',
    controlId: `${controlId}-${run}`,
    segments: [pid(patientId), ...segments],
  });
  const [answer = ''] = await house.hl7(message);
  assert.equal(fieldIn(answer, 'MSA', 1), 'AA', answer);
}
const obr = (status: string): string =>
  `OBR|1|K-${run}^OCS|LK-${run}^LIS|K^Potassium^L|||20261122081500${'|'.repeat(18)}${status}`;
const potassium = (value: string, flag: string, letter: string): string =>
  `OBX|1|NM|2823-3^Potassium^LN||${value}|mmol/L^^UCUM|3.5-5.1|${flag}|||${letter}`;

test('a critical value raises an alert; told again it raises none; a corrected one says so and waits until a nurse has seen it', async () => {
  await report('PRE', obr('P'), potassium(critical, 'HH', 'P'));
  await report('FIN', obr('F'), potassium(critical, 'HH', 'F'));
  const [raised] = await until(async () => {
    const found = await alerts('&status=open');
    return found.length > 0 && found;
  }, 'the alert is raised');
  assert.deepEqual(
    [raised?.kind, raised?.subjectKind, raised?.status, raised?.level, raised?.superseded],
    ['critical_value', 'observation', 'open', 0, false],
  );
  await report('AGAIN', obr('F'), potassium(critical, 'HH', 'F'));
  await report('COR', obr('C'), potassium('4.4', 'N', 'C'));
  await until(async () => (await alerts())[0]?.superseded, 'the correction is told');
  assert.equal((await alerts()).length, 1);
  const nurse = await house.system.token({ roles: ['nurse'], client: 'e2e', subject: 'nurse-7' });
  const answer = await house.api(`/v1/alerts/${raised?.alertId}/acknowledge`, { method: 'POST', token: nurse });
  assert.equal(answer.status, 202, answer.text);
  const [seen] = await until(async () => {
    const found = await alerts('&status=acknowledged');
    return found.length > 0 && found;
  }, 'the acknowledgement stands');
  assert.deepEqual([seen?.alertId, seen?.acknowledgedBy], [raised?.alertId, 'nurse-7']);
});

test('a rejected specimen is shown by its order and raises an alert', async () => {
  const [answer = ''] = await house.hl7(
    hl7({
      type: 'OML^O21^OML_O21',
      controlId: `SPM-${run}`,
      segments: [pid(patientId), 'PV1|1|U', `ORC|NW|R-${run}^OCS`, `OBR|1|R-${run}^OCS||CBC^Blood count^L`],
    }),
  );
  assert.equal(fieldIn(answer, 'MSA', 1), 'AA', answer);
  const spm = `SPM|1|S1||BLD^Blood^HL70487${'|'.repeat(17)}RH^Hemolysis^HL70490`;
  await report(
    'SPM2',
    `OBR|1|R-${run}^OCS|LR-${run}^LIS|CBC^Blood count^L`,
    'OBX|1|NM|718-7^Hemoglobin^LN||""|g/dL^^UCUM|||||X',
    spm,
  );
  const [raised] = await until(async () => {
    const found = (await alerts('&status=open')).filter(({ kind }) => kind === 'specimen_rejected');
    return found.length > 0 && found;
  }, 'the alert is raised');
  const order = await until(async () => {
    const found = bodyOf<{ status: string; specimenRejectReasons: readonly string[] }>(
      await house.api(`/v1/orders/${raised?.subjectId}`),
      200,
    );
    return found.specimenRejectReasons.length > 0 && found;
  }, 'the order says so');
  assert.deepEqual([order.status, order.specimenRejectReasons], ['active', ['RH']]);
});

test('the alarm says nothing of a patient or a value', async () => {
  const metrics = await house.metrics('sync-lis');
  assert.match(metrics, /clinstream_sync_alerts_raised_total\{kind="critical_value"\} 1/);
  const logs = house.service('sync-lis').logs();
  assert.match(logs, /"level"/);
  for (const secret of [patientId, 'Invented', critical]) {
    assert.equal(metrics.includes(secret), false, secret);
    assert.deepEqual(
      logs.split('\n').filter((line) => line.includes(secret)),
      [],
    );
  }
});
