/**
 * An unmistakable patient through every door and into the dead letters, taken and refused: nothing of it may be found where operators look:
 * logs (at their most talkative), metrics, record headers, error bodies, process arguments. Record keys and values are what carries patients.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { allTopics, deadLetterTopicOf, groups } from '@clinstream/contracts';
import { analysisOf, resultOf, submit, type View } from './lib/analyses.ts';
import { bodyOf, everyService, type House, metricIn, openHouse, until } from './lib/house.ts';
import { readLog, writeRaw } from './lib/log.ts';
import { analysisOrder, fieldIn, hl7, patientKey, pid } from './lib/mllp.ts';

const canary = {
  family: 'Zzyzxfamily',
  given: 'Qwxgiven',
  patientId: 'CANARY77001',
  /** Inside the range of mean_radius. */
  value: '23.456789',
  outside: '98765.4321',
  birthDate: '19620217',
  nationalId: '620217-2345678',
  note: 'Xyloquartznote',
  text: 'Vortexundecodable',
} as const;
const name = `${canary.family}^${canary.given}`;
const person = (id: string = canary.patientId) => pid(id, name).replace('19740311', canary.birthDate);
const birds = Object.values(canary);
/** What of the canary a text holds. */
const foundIn = (text: string): readonly string[] => birds.filter((bird) => text.includes(bird));

let house: House;
const errorBodies: string[] = [];
before(async () => {
  house = await openHouse({ LOG_LEVEL: 'trace' });
});
after(() => house?.close());

const body = (change: object = {}) => {
  const plain = analysisOf(canary.patientId, 1);
  return { ...plain, inputs: { ...plain.inputs, mean_radius: Number(canary.value) }, ...change };
};

/** A pointer names a member of the sender's own body; everything else of an error is ours to keep clean. */
const withoutPointers = (text: string): string => text.replaceAll(/"pointer":"[^"]*"/g, '');

/** An order answer names its patient again, because HL7's structure for it asks for a PID; what says why it was refused must not. */
const withoutPatient = (answer: string): string => answer.replaceAll(/^PID\|.*$/gm, '');

async function refused(path: string, options: Parameters<House['ingest']>[1], ask = house.ingest): Promise<void> {
  const answer = await ask(path, options);
  assert.ok(answer.status >= 400, `${path} is refused: ${answer.status}`);
  errorBodies.push(withoutPointers(answer.text), JSON.stringify([...answer.headers]));
}

test('through HTTP, taken and refused', async () => {
  const accepted = await submit(house, body(), 'canary-key');
  assert.equal((await resultOf(house, accepted)).patientKey, `SEOUL|MRN|${canary.patientId}`);
  const order = {
    action: 'place',
    placerNumber: 'CANARY-ORDER',
    placerAuthority: 'WEB',
    patient: body().patient,
    kind: 'laboratory',
    code: { code: 'CBC', system: 'L' },
    note: canary.note,
  };
  bodyOf(await house.ingest('/v1/orders', { body: order }), 202);
  await refused('/v1/orders', { body: { ...order, note: `${canary.note} again` } });
  await refused('/v1/orders', { body: { ...order, action: canary.family } });
  await refused('/v1/analyses', { body: body({ inputs: { ...body().inputs, mean_radius: Number(canary.outside) } }) });
  await refused('/v1/analyses', { body: body({ inputs: { [canary.family]: Number(canary.value) } }) });
  await refused('/v1/analyses', { body: body({ model: canary.family }) });
  await refused('/v1/analyses', { body: body({ patient: { ...body().patient, id: canary.nationalId } }) });
  await refused('/v1/analyses', { body: body({ [canary.family]: canary.value, subject: { sex: canary.given } }) });
  await refused('/v1/analyses', { body: `{"patient": "${canary.family}", "inputs": ${canary.value}` });
  await refused('/v1/analyses', { body: body({ evidence: true }), headers: { 'idempotency-key': 'canary-key' } });
  await refused(`/v1/${canary.family}?name=${canary.given}`, {});
  const lines = await house.ingest('/v1/analyses:batch', {
    body: `{"reference": "c-1", "patient": "${canary.family}"}\n{"${canary.given}": ${canary.value}\n`,
    headers: { 'content-type': 'application/x-ndjson' },
  });
  errorBodies.push(lines.text);
  await refused(`/v1/patients/${encodeURIComponent(`SEOUL|MRN|${canary.patientId}x`)}/timeline`, {}, house.api);
  await refused(`/v1/analyses?patient=${canary.patientId}&cursor=${canary.family}`, {}, house.api);
  await refused(`/v1/analyses?limit=${canary.family}`, {}, house.api);
});

test('through MLLP, taken and refused', async () => {
  let number = 0;
  const send = async (type: string, segments: readonly string[], from: 'OCS' | 'HIS' | 'LIS' = 'OCS'): Promise<string> => {
    const answers = await house.hl7(hl7({ type, controlId: `CN-${++number}`, from, segments }));
    const code = fieldIn(answers[0] ?? '', 'MSA', 1);
    if (code !== 'AA') errorBodies.push(...answers.map(withoutPatient));
    return code;
  };
  const order = analysisOrder('CANARY-1', 1).map((segment) =>
    segment.replace(/(BCW-MEAN-RADIUS[^|]*)\|\|[^|]*\|/, `$1||${canary.value}|`),
  );
  assert.equal(await send('ADT^A04', [person()], 'HIS'), 'AA');
  assert.equal(await send('OML^O21^OML_O21', [person(), ...order, `NTE|1||${canary.note}`]), 'AA');
  assert.equal(await send('OML^O21^OML_O21', [person(), ...order, `NTE|1||${canary.note} changed`]), 'AE');
  const result = (status: string) => `OBX|1|ST|${canary.family}^^L||${canary.note}||||||${status}`;
  assert.equal(await send('ORU^R01^ORU_R01', [person(), 'OBR|1|CANARY-1^OCS||X^X^L', result('F')], 'LIS'), 'AA');
  assert.equal(await send('ORU^R01^ORU_R01', [person(), 'OBR|1|CANARY-1^OCS||X^X^L', result(canary.given)], 'LIS'), 'AE');
  assert.equal(await send('ADT^A04', [person(canary.nationalId)], 'HIS'), 'AE');
  assert.equal(await send('ADT^A04', [person().replace(canary.birthDate, `${canary.birthDate}x${canary.family}`)], 'HIS'), 'AE');
  assert.equal(await send(`${canary.family}^X`, [person()]), 'AR');
  assert.equal(await send('OML^O21^OML_O21', [person(), `ORC|${canary.given}|1^OCS`, 'OBR|1|1^OCS||CBC^^L']), 'AE');
  errorBodies.push(...(await house.hl7(`${canary.family}|${canary.value}\r`)));
  await until(async () => {
    const { status, text } = await house.api(`/v1/patients/${encodeURIComponent(patientKey(canary.patientId))}/timeline`);
    const items = status === 200 ? (JSON.parse(text) as { items: { kind: string; analysis?: View }[] }).items : [];
    return items.some(({ analysis }) => analysis?.status === 'completed') && items.some(({ kind }) => kind === 'observation');
  }, 'the canary is on its timeline');
});

test('into the dead letters', async () => {
  const key = `SEOUL|MRN|${canary.patientId}`;
  for (const topic of ['analysis.requests.stat.v1', 'clinical.patients.v1']) {
    await writeRaw(house.stack, topic, [
      { key, value: Buffer.from(`${canary.text} ${canary.family}`), headers: { 'event-id': 'dead' } },
    ]);
  }
  for (const [service, group, count] of [
    ['inference', groups.inference.stat, 1],
    ['api', groups.sink, 2],
  ] as const) {
    const parked = async () => metricIn(await house.metrics(service), 'clinstream_dead_letters_total', `group="${group}"`);
    await until(async () => (await parked()) === count, `${group} parks what it cannot read`);
  }
});

test('nothing of it in error bodies and negative acknowledgements', () => {
  assert.ok(errorBodies.length > 20);
  for (const text of errorBodies) assert.deepEqual(foundIn(text), [], text);
});

test('nothing of it in record headers, while keys and values carry it', async () => {
  const deadLetters = [groups.sink, ...Object.values(groups.inference)].map(deadLetterTopicOf);
  const records = await readLog(house.stack, [...allTopics, ...deadLetters]);
  for (const { topic, headers } of records) assert.deepEqual(foundIn(JSON.stringify(headers)), [], topic);
  const carried = foundIn(records.map(({ key, value }) => key + value?.toString('utf8')).join('\n'));
  assert.deepEqual(
    new Set([canary.family, canary.patientId, canary.text]).difference(new Set(carried)),
    new Set(),
    'the canary was there',
  );
});

test('nothing of it in metrics', async () => {
  for (const service of everyService) assert.deepEqual(foundIn(await house.metrics(service)), [], service);
});

test('nothing of it in process arguments, the model workers’ included', () => {
  const own = new Set(everyService.map((service) => house.service(service).pid));
  const processes = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  const isOurs = (pid: string): boolean => own.has(Number(pid)) || own.has(parentOf(pid));
  const lines = processes.filter(isOurs).map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  assert.ok(lines.some((line) => line.includes('worker.ts')) && lines.length > everyService.length);
  for (const line of lines) assert.deepEqual(foundIn(line), []);
});

function parentOf(pid: string): number {
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return -1;
  }
}

test('nothing of it in any log', async () => {
  for (const service of everyService) {
    const logs = house.service(service).logs();
    assert.match(logs, /"level"/, `${service} says something`);
    const lines = logs.split('\n').filter((line) => foundIn(line).length > 0);
    assert.deepEqual(lines, [], service);
  }
});
