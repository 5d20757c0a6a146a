import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../telemetry/logger.ts';
import { logReadiness } from './readiness-log.ts';

test('one line when a component goes away, one when it is back, none in between', () => {
  const lines: string[] = [];
  const log = createLogger({ name: 'svc', level: 'info', destination: { write: (line: string) => void lines.push(line) } });
  let ready = false;
  const one = () => (ready ? { name: 'kafka', ready } : { name: 'kafka', ready, why: 'cannot connect' });
  const readiness = logReadiness(log, () => ({ ready, state: 'running', components: [one()] }), 60_000);
  readiness.look();
  readiness.look();
  ready = true;
  readiness.look();
  readiness.look();
  readiness.stop();
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ msg, component, why }) => ({ msg, component, why })),
    [
      { msg: 'not ready, waiting', component: 'kafka', why: 'cannot connect' },
      { msg: 'ready again', component: 'kafka', why: undefined },
    ],
  );
});
