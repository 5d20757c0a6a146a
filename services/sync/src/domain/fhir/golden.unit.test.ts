/**
 * Renderings as they stood when they were last looked at by a person: a change of what hospitals receive shows in review.
 * `GOLDEN=write` writes them anew.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { deviceFor } from './device.ts';
import { renderEverything } from './testing/everything.ts';
import { demonstrationModel, patientKey, settings } from './testing/states.ts';

const folder = new URL('./fixtures/', import.meta.url);
const everything = renderEverything(patientKey, 'golden');
const kept: Readonly<Record<string, string>> = {
  'an order with its specimen': 'order',
  medication: 'medication',
  'a number': 'result',
  'a diagnosis of a demonstration model': 'diagnosis',
  'a risk': 'risk',
  'a diagnosis taken back': 'withdrawn',
};

const goldens = [
  ...Object.entries(kept).map(([name, file]) => [name, file, everything[name]] as const),
  ['the Device of a model', 'device', deviceFor(demonstrationModel, settings)] as const,
];
for (const [name, file, rendered] of goldens) {
  test(`${name} is rendered as in fixtures/${file}.json, to the letter`, () => {
    const text = `${JSON.stringify(rendered, null, 1)}\n`;
    const url = new URL(`${file}.json`, folder);
    if (process.env['GOLDEN'] === 'write') {
      mkdirSync(folder, { recursive: true });
      writeFileSync(url, text);
    }
    assert.equal(text, readFileSync(url, 'utf8'));
  });
}
