/** A sender that got no answer sends the same bytes again with MSH-7 renewed, perhaps much later: nothing that came in between is undone. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Accepted, analysisOf, submit, type View } from './lib/analyses.ts';
import { manifest } from './lib/cases.ts';
import { bodyOf, type House, openHouse, until } from './lib/house.ts';
import { analysisOrder, fieldIn, hl7, patientKey, pid, timeOf } from './lib/mllp.ts';
import { openProjection, type Projection } from './lib/projection.ts';

let house: House;
let projection: Projection;
before(async () => {
  house = await openHouse();
  projection = await openProjection(house);
});
after(async () => {
  await projection?.close();
  await house?.close();
});

type Item = {
  readonly analysis?: View;
  readonly order?: { readonly placerNumber: string; readonly note: string | null; readonly conflicting: boolean };
  readonly observation?: { readonly status: string; readonly value: { readonly numeric: number } };
};
type Timeline = { readonly items: readonly Item[]; readonly patients: readonly { readonly familyName: string }[] };
const timelineOf = async (id: string): Promise<Timeline> =>
  bodyOf(await house.api(`/v1/patients/${encodeURIComponent(patientKey(id))}/timeline`), 200);

type Sender = 'OCS' | 'HIS' | 'LIS';
let messages = 0;
/** A message that can be sent at any time: the same bytes but for MSH-7. */
function message(type: string, segments: readonly string[], from: Sender): (second: number) => Promise<void> {
  const controlId = `RESEND-${++messages}`;
  return async (second) => {
    const time = timeOf(Date.UTC(2026, 10, 22, 0, 0, second));
    const [answer = ''] = await house.hl7(hl7({ type, controlId, time, from, segments }));
    assert.equal(fieldIn(answer, 'MSA', 1), 'AA', answer);
  };
}

test('a corrected result stays corrected', async () => {
  const result = (value: number, status: string) =>
    message(
      'ORU^R01^ORU_R01',
      [
        pid('81001'),
        'OBR|1|RS-1^OCS|F-1^LIS|CBC^Blood count^L',
        `OBX|1|NM|718-7^Hemoglobin^LN||${value}|g/L^^UCUM|||||${status}`,
      ],
      'LIS',
    );
  const final = result(128, 'F');
  await final(1);
  await result(98, 'C')(2);
  await final(3);
  await projection.caughtUp();
  const [shown, ...more] = (await timelineOf('81001')).items.map(({ observation }) => observation);
  assert.deepEqual([shown?.status, shown?.value.numeric, more.length], ['corrected', 98, 0]);
});

test('an amended order stays amended, and its placement sent again is no conflict', async () => {
  const order = (control: string, note: string) =>
    message(
      'OML^O21^OML_O21',
      [pid('81002'), `ORC|${control}|RS-2^OCS`, 'OBR|1|RS-2^OCS||CBC^Blood count^L', `NTE|1||${note}`],
      'OCS',
    );
  const [placed, first, second] = [order('NW', 'placed'), order('XO', 'first'), order('XO', 'second')];
  await placed(1);
  await first(2);
  await second(3);
  await placed(4);
  await first(5);
  await projection.caughtUp();
  const [shown] = (await timelineOf('81002')).items.map((item) => item.order);
  assert.deepEqual([shown?.note, shown?.conflicting], ['second', false]);
});

test('newer demographics stay', async () => {
  const named = (type: string, name: string) => message(type, [pid('81003', name)], 'HIS');
  const registered = named('ADT^A04', 'Old^Name');
  await registered(1);
  await named('ADT^A08', 'New^Name')(2);
  await registered(3);
  await projection.caughtUp();
  assert.equal((await timelineOf('81003')).patients[0]?.familyName, 'New');
});

test('an input named by the filler number of its order, corrected under that number, makes the result stale; a resent order does not', async () => {
  const [orc = '', ...rest] = analysisOrder('RS-4', 11);
  const segments = [pid('81004'), `${orc}|F-4^LIS`, ...rest];
  const order = message('OML^O21^OML_O21', segments, 'OCS');
  await order(1);
  const ended = () =>
    until(async () => {
      const found = (await timelineOf('81004')).items.find((item) => item.analysis)?.analysis;
      return found?.status === 'completed' && found;
    }, 'the analysis ended');
  await until(() => ended().catch(() => false), 'the analysis is there');
  await order(5);
  await projection.caughtUp();
  assert.equal((await ended()).stale, false);
  const { codes, unit } = manifest.inputs[0] ?? { codes: [], unit: '' };
  const obx = `OBX|1|NM|${codes[0]?.code}^^${codes[0]?.system}||12.5|${unit}^^UCUM|||||C`;
  await message('ORU^R01^ORU_R01', [pid('81004'), 'OBR|1|RS-4^OCS|F-4^LIS|PANEL^Nuclei^L', obx], 'LIS')(6);
  await until(async () => (await ended()).stale, 'the corrected input makes it stale');
  const { inputObservations, staleInputs } = (await ended()) as View & { readonly inputObservations: readonly string[] };
  assert.equal(staleInputs.length, 1);
  assert.ok(inputObservations.includes(staleInputs[0] ?? ''));
});

test('the links of a 202 can be followed at once, before the job can be read', async () => {
  const job: Accepted = await submit(house, analysisOf('81005', 1));
  const { pathname, search } = new URL(job.links.events);
  const stream = await house.api(pathname + search);
  assert.equal(stream.status, 200);
  assert.match(stream.text, /"status":"completed"/);
});
