/** A Kafka that wants TLS and a login, as a hospital's does: the settings of the environment, a real broker, records there and back. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { jarsOf } from '@clinstream/local/jars';
import { type KafkaHandle, startKafka } from '@clinstream/local/kafka';
import { freePorts } from '@clinstream/local/ports';
import { makeCertificate, opensslMissing } from '@clinstream/testkit';
import { kafkaConfig } from '../config/fragments.ts';
import { readConfig } from '../config/read-config.ts';
import { done } from '../consumer/types.ts';
import { AppError } from '../errors/app-error.ts';
import { createEventConsumer } from '../pipeline/create-event-consumer.ts';
import { countedOf, createFixture } from '../pipeline/pipeline.fixture.test.ts';

const dir = mkdtempSync(join(tmpdir(), 'clinstream-secure-'));
const file = (name: string): string => join(dir, name);
const password = 'a password';
const wantsOpenssl = { skip: opensslMissing() };

type Listener = 'SCRAM' | 'PLAIN' | 'MUTUAL';
let kafka: KafkaHandle | null = null;
let ports: Readonly<Record<Listener, number>>;

before(async () => {
  if (wantsOpenssl.skip !== false) return;
  for (const authority of ['ca', 'stranger']) makeCertificate(dir, authority);
  for (const name of ['broker', 'client']) makeCertificate(dir, name, 'ca');
  writeFileSync(file('keystore.pem'), Buffer.concat([readFileSync(file('broker.key')), readFileSync(file('broker.crt'))]));
  const port = await freePorts(5);
  ports = { SCRAM: port + 2, PLAIN: port + 3, MUTUAL: port + 4 };
  kafka = await startKafka({ dir: file('kafka'), port, properties: secured(port) });
  addScramUser(kafka.bootstrap);
});
after(async () => {
  await kafka?.kill();
  rmSync(dir, { recursive: true, force: true });
});

/** Beside the plain listener, which the broker and its tools use: SCRAM and PLAIN over TLS, and TLS with client certificates. */
function secured(port: number): Readonly<Record<string, string>> {
  const names = Object.keys(ports) as Listener[];
  const secure = names.map((name) => `${name}://localhost:${ports[name]}`).join(',');
  const login = 'org.apache.kafka.common.security';
  return {
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${port + 1},${secure}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port},${secure}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SCRAM:SASL_SSL,PLAIN:SASL_SSL,MUTUAL:SSL',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': file('keystore.pem'),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': file('ca.crt'),
    'listener.name.mutual.ssl.client.auth': 'required',
    'listener.name.scram.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    'listener.name.scram.scram-sha-512.sasl.jaas.config': `${login}.scram.ScramLoginModule required;`,
    'listener.name.plain.sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.plain.plain.sasl.jaas.config': `${login}.plain.PlainLoginModule required user_clinstream="${password}";`,
  };
}

function addScramUser(bootstrap: string): void {
  const change = ['--alter', '--add-config', `SCRAM-SHA-512=[password=${password}]`, '--entity-type', 'users', '--entity-name'];
  const tool = ['-cp', join(jarsOf('kafka'), '*'), 'kafka.admin.ConfigCommand', '--bootstrap-server', bootstrap];
  execFileSync('java', [...tool, ...change, 'clinstream'], { stdio: 'pipe' });
}

/** As a service reads it. */
const configOf = (listener: Listener, env: Readonly<Record<string, string>>) => ({
  kafkaConfig: readConfig(
    { KAFKA_BROKERS: `localhost:${ports[listener]}`, KAFKA_TLS: 'true', KAFKA_TLS_CA_FILE: file('ca.crt'), ...env },
    { kafka: kafkaConfig },
  ).kafka,
});
const loginBy = (mechanism: string, secret = password) => ({
  KAFKA_SASL_MECHANISM: mechanism,
  KAFKA_SASL_USERNAME: 'clinstream',
  KAFKA_SASL_PASSWORD: secret,
});
const ownCertificate = () => ({ KAFKA_TLS_CERT_FILE: file('client.crt'), KAFKA_TLS_KEY_FILE: file('client.key') });

const ways: readonly (readonly [string, Listener, () => Readonly<Record<string, string>>])[] = [
  ['SCRAM over TLS', 'SCRAM', () => loginBy('scram-sha-512')],
  ['PLAIN over TLS', 'PLAIN', () => loginBy('plain')],
  ['TLS with a client certificate', 'MUTUAL', ownCertificate],
];

for (const [what, listener, env] of ways) {
  test(`${what}: records go there and come back, in order per key`, wantsOpenssl, async () => {
    const fixture = await createFixture(configOf(listener, env()));
    try {
      const handled = new Map<string, number[]>();
      const handle = async (event: unknown) => {
        const { key, n } = countedOf(event);
        handled.set(key, [...(handled.get(key) ?? []), n]);
        return done;
      };
      const consumer = await fixture.started(createEventConsumer(fixture.options({ handle }), fixture.deps));
      for (let n = 0; n < 20; n++) await fixture.publish(['a', 'b', 'c'].map((key) => ({ key, n })));
      await consumer.whenCaughtUp(AbortSignal.timeout(40_000));
      const all = Array.from({ length: 20 }, (_, n) => n);
      assert.deepEqual(Object.fromEntries(handled), { a: all, b: all, c: all });
      assert.deepEqual(fixture.fatal, []);
    } finally {
      await fixture.close();
    }
  });
}

const refused: readonly (readonly [string, Listener, () => Readonly<Record<string, string>>, string])[] = [
  ['a wrong password', 'SCRAM', () => loginBy('scram-sha-512', 'not it'), 'KAFKA_REJECTED'],
  ['a mechanism the broker does not take', 'SCRAM', () => loginBy('plain'), 'KAFKA_REJECTED'],
  ['no client certificate', 'MUTUAL', () => ({}), 'KAFKA_UNAVAILABLE'],
  [
    'an authority that did not sign the broker',
    'PLAIN',
    () => ({ ...loginBy('plain'), KAFKA_TLS_CA_FILE: file('stranger.crt') }),
    'KAFKA_UNAVAILABLE',
  ],
];

for (const [what, listener, env, code] of refused) {
  test(`${what} is refused, and the error says nothing of the password`, wantsOpenssl, async () => {
    await assert.rejects(createFixture(configOf(listener, env())), (error: AppError) => {
      assert.ok(error instanceof AppError);
      assert.equal(error.code, code);
      assert.ok(!`${error.stack} ${JSON.stringify(error)}`.includes(password));
      return true;
    });
  });
}
