import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, errorCatalogue } from '@clinstream/runtime/errors';
import { postgresErrors } from '@clinstream/runtime/postgres';
import type { FaultCode } from '../domain/fault.ts';
import { ingestErrors } from '../errors.ts';
import * as refusals from './refusal.ts';
import { testModels } from './test-support.ts';

const away = (code: string, kind: AppError['kind']): AppError =>
  new AppError({ code, kind, scope: 'dependency', stage: 'publish', message: 'm' });

test('every code a sender can be told is documented', () => {
  const faults: FaultCode[] = [
    'MISSING',
    'UNKNOWN_MODEL',
    'UNKNOWN_MODEL_VERSION',
    'EVIDENCE_NOT_OFFERED',
    'INVALID_IDENTIFIER',
    'NATIONAL_ID_REFUSED',
  ];
  const all = [
    ...faults.map((code) => refusals.refusedFaults([{ pointer: '/x', code }], testModels)),
    ...[refusals.keyReused, refusals.duplicateOrder('o'), refusals.reservationsAway, refusals.logAway, refusals.tooManyBatches],
    ...[refusals.malformedLine('x'), refusals.invalidLine([]), refusals.batchTooLong('x')],
    refusals.refusedByLog(away('RECORD_TOO_LARGE', 'poison'), true),
  ];
  const documented = new Set([ingestErrors, errorCatalogue, postgresErrors].flatMap((catalogue) => Object.keys(catalogue)));
  for (const refusal of all) assert.ok(refusal !== null && documented.has(refusal.code), refusal?.code);
});

test('a refusal for several reasons is named by the gravest and tells them all', () => {
  const faults = [
    { pointer: '/inputs/a', code: 'MISSING' },
    { pointer: '/patient/id', code: 'NATIONAL_ID_REFUSED' },
  ] as const;
  const refusal = refusals.refusedFaults(faults, testModels);
  assert.equal(refusal.code, 'NATIONAL_ID_REFUSED');
  const told = refusal.extras?.['errors'] as readonly { pointer: string; code: string }[];
  assert.deepEqual(
    told.map(({ pointer, code }) => ({ pointer, code })),
    faults,
  );
});

test('only what was handed to the log may have been accepted', () => {
  const maybe = (error: unknown) => refusals.refusedByLog(error, true)?.extras?.['mayHaveBeenAccepted'];
  assert.equal(maybe(away('KAFKA_UNAVAILABLE', 'retryable')), true);
  assert.equal(maybe(away('SCHEMA_NOT_REGISTERED', 'retryable')), false);
  assert.equal(maybe(away('PRODUCER_STOPPED', 'retryable')), false);
  assert.equal(refusals.refusedByLog(new TypeError('bug'), true), null);
});
