/** TLS with client certificates: who shows none, or one of another authority, says nothing to us. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect } from 'node:tls';
import { frameOf } from '@clinstream/runtime/mllp';
import { makeCertificate, opensslMissing } from '@clinstream/testkit';
import { createMllpListener } from './mllp-listener.ts';
import { createFakeHouse, hl7, testChannel } from './test-support.ts';

const dir = mkdtempSync(join(tmpdir(), 'mllp-tls-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const file = (name: string): string => join(dir, name);

test('a client with a certificate of ours is served, others are refused and counted', {
  skip: opensslMissing(),
  timeout: 20_000,
}, async (t) => {
  for (const authority of ['ca', 'stranger']) makeCertificate(dir, authority);
  makeCertificate(dir, 'server', 'ca');
  makeCertificate(dir, 'client', 'ca');
  makeCertificate(dir, 'intruder', 'stranger');
  const house = createFakeHouse();
  const tls = { certFile: file('server.crt'), keyFile: file('server.key'), clientCaFile: file('ca.crt') };
  const listener = createMllpListener({ ...house, channel: testChannel({ tls }), host: '127.0.0.1', defaultPort: 0 });
  await listener.start();
  t.after(() => listener.stop(AbortSignal.timeout(1000)));
  const identity = (name: string) => ({ key: readFileSync(file(`${name}.key`)), cert: readFileSync(file(`${name}.crt`)) });
  const dial = (own: object) => connect({ host: '127.0.0.1', port: listener.port(), ca: readFileSync(file('ca.crt')), ...own });

  const good = dial(identity('client'));
  good.write(frameOf(hl7()));
  const [answer] = (await once(good, 'data')) as [Buffer];
  assert.match(answer.toString('latin1'), /\rMSA\|AA\|C1/);
  good.destroy();

  for (const own of [{}, identity('intruder')]) {
    const socket = dial(own);
    socket.on('error', () => undefined);
    socket.write(frameOf(hl7({ controlId: 'X' })));
    await new Promise((resolve) => socket.on('close', resolve));
  }
  assert.equal(house.log.published.length, 2);
  assert.match(await house.telemetry.registry.metrics(), /refused_total\{channel="ocs",reason="handshake"\} 2/);
});
