import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { codeSystemOf } from './systems.ts';
import { settings } from './testing/states.ts';
import { codeOf, freeText, lineOf, looksLikeResidentNumber, narrative } from './text.ts';
import { dateTimeOf, periodOf } from './time.ts';

test('control characters and lone surrogates go, line ends stay', () => {
  assert.equal(freeText('a\u0000b\u001bc\r\nd\ud800e\ufffff'), 'abc\r\ndef');
  assert.equal(freeText('\u0007 \u0000'), null);
  assert.equal(lineOf(' a \n\t b '), 'a b');
  assert.equal(codeOf('  GLU\n2 '), 'GLU 2');
});

test('a resident registration number is known in each of its spellings, an order number is not taken for one', () => {
  for (const text of ['740311-2345678', '740311 - 2345678', '740311–2345678', '７４０３１１－２３４５６７８', '7403112345678']) {
    assert.ok(looksLikeResidentNumber(text), text);
  }
  for (const text of ['00012001', '741311-234567', 'N2026-0006', '9999992345678'])
    assert.ok(!looksLikeResidentNumber(text), text);
});

test('no text breaks out of a narrative, and long ones are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (lines) => {
      const { div } = narrative(...lines, '<script>&"\'');
      const inner = div.slice('<div xmlns="http://www.w3.org/1999/xhtml">'.length, -'</div>'.length);
      assert.match(inner, /^(<p>[^<>]+<\/p>)+$/);
      assert.ok(div.isWellFormed());
      assert.doesNotMatch(inner, /&(?!amp;|lt;|gt;|quot;|#39;)/);
    }),
  );
  assert.ok(narrative('x'.repeat(10_000)).div.length < 700);
});

test('coding systems: HL7’s names, uris as sent, configured ones, and one of its own for each hospital’s L', () => {
  const of = (system: string, facility = 'HANEUL', code = 'BLD') => codeSystemOf({ system, code }, facility, settings);
  assert.equal(of('LN'), 'http://loinc.org');
  assert.equal(of('ln'), 'http://loinc.org');
  assert.equal(of('http://snomed.info/sct'), 'http://snomed.info/sct');
  assert.equal(of('L'), 'https://fhir.haneul.test/codes/lab');
  assert.equal(of('L', 'SARANG'), 'https://fhir.haneul.test/clinstream/code/SARANG/L');
  assert.equal(of('99 검사/x'), 'https://fhir.haneul.test/clinstream/code/HANEUL/99%20%EA%B2%80%EC%82%AC%2Fx');
  assert.equal(of(''), undefined);
  assert.equal(of('urn:oid:1.2.410.200119.4'), 'urn:oid:1.2.410.200119.4');
  assert.equal(of('urn:oid:1.2.3'), 'https://fhir.haneul.test/clinstream/code/HANEUL/urn%3Aoid%3A1.2.3');
  assert.equal(of('HL70487'), 'http://terminology.hl7.org/CodeSystem/v2-0487');
  assert.equal(of('HL70487', 'HANEUL', 'BLOOD'), 'https://fhir.haneul.test/clinstream/code/HANEUL/HL70487');
});

test('times as FHIR takes them', () => {
  assert.equal(dateTimeOf('2026-11-20T08:50:00.123+09:00'), '2026-11-20T08:50:00.123+09:00');
  assert.equal(dateTimeOf('2026-11-20T08:50'), undefined);
  assert.deepEqual(periodOf(0, 1000), { start: '1970-01-01T00:00:00.000Z', end: '1970-01-01T00:00:01.000Z' });
  assert.deepEqual(periodOf(2000, 1000), { end: '1970-01-01T00:00:01.000Z' });
  assert.equal(periodOf(null, null), undefined);
});
