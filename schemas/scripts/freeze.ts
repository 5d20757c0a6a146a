/**
 * Keeps what was written for as long as somebody may have to read it: `node schemas/scripts/freeze.ts`
 *
 *   history/<record>/v<n>.avsc          a copy of every released schema; a new one when avro/<record>.avsc has changed
 *   fixtures/golden/<record>.v<n>.json  samples with the bytes they were written as; only missing bytes are filled in
 *
 * Nothing frozen is ever written again. That a new version is compatible with all before it, test/compatibility.unit.test.ts says.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import avro from 'avsc';
import { currentText, goldenFile, historyOf, recordNames, root, sameJson } from './frozen.ts';

for (const name of recordNames()) {
  freezeSchema(name);
  fillGolden(name);
}

function freezeSchema(name: string): void {
  const text = currentText(name);
  const history = historyOf(name);
  if (sameJson(history.at(-1)?.text ?? 'null', text)) return;
  mkdirSync(new URL(`history/${name}/`, root), { recursive: true });
  writeFileSync(new URL(`history/${name}/v${history.length + 1}.avsc`, root), text, { flag: 'wx' });
  console.log(`froze ${name} v${history.length + 1}`);
}

function fillGolden(name: string): void {
  for (const { version, schema } of historyOf(name)) {
    const file = goldenFile(name, version);
    if (!existsSync(file)) continue;
    const samples = JSON.parse(readFileSync(file, 'utf8')) as { title: string; value: unknown; hex?: string }[];
    const type = avro.Type.forSchema(schema);
    const filled = samples.map((sample) => ({ ...sample, hex: sample.hex ?? type.toBuffer(sample.value).toString('hex') }));
    writeFileSync(file, `${JSON.stringify(filled, null, 2)}\n`);
  }
}
