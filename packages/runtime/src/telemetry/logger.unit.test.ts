import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../errors/app-error.ts';
import { createLogger } from './logger.ts';

const canary = 'Canary-Kim-900101';

function capture() {
  const lines: string[] = [];
  const log = createLogger({ name: 'svc', level: 'debug', destination: { write: (line: string) => void lines.push(line) } });
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line)) };
}

test('only allow-listed fields are written, in calls and in child bindings; dropped ones are counted', () => {
  const { log, lines, parsed } = capture();
  log.info({ topic: 't', patientName: canary, payload: { a: canary } }, 'one');
  log.child({ partition: 3, mrn: canary }).child({ name: canary }).warn('two');
  assert.ok(!lines.join().includes(canary));
  assert.deepEqual([parsed()[0].topic, parsed()[0].droppedFields, parsed()[1].partition], ['t', 2, 3]);
});

test('an allow-listed field that holds an object is dropped too', () => {
  const { log, lines } = capture();
  log.info({ reason: { text: canary } }, 'x');
  assert.ok(!lines.join().includes(canary));
});

test('a foreign error shows class, code and frames but never its message, with or without own text', () => {
  const { log, lines, parsed } = capture();
  const error = Object.assign(new TypeError(`bad value ${canary}\n    at ${canary}`), { code: 'ECONNREFUSED' });
  log.error(error);
  log.error({ err: error });
  log.error({ err: new Error(canary, { cause: error }) }, 'own text');
  assert.ok(!lines.join().includes(canary));
  assert.equal(parsed()[0].err.type, 'TypeError');
  assert.equal(parsed()[0].err.code, 'ECONNREFUSED');
  assert.ok(parsed()[0].err.at.length > 0);
  assert.equal(parsed()[2].err.cause.type, 'TypeError');
});

test('our own error keeps code, kind, stage and message', () => {
  const { log, parsed } = capture();
  log.error(
    { err: new AppError({ code: 'X_DOWN', kind: 'retryable', scope: 'dependency', stage: 'sink', message: 'x is away' }) },
    'x',
  );
  assert.deepEqual(parsed()[0].err, {
    type: 'AppError',
    code: 'X_DOWN',
    kind: 'retryable',
    scope: 'dependency',
    stage: 'sink',
    message: 'x is away',
  });
});
