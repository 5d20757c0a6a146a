/** The registry's doors, asked as clients ask them, over a real Postgres. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { testStack, uniqueName } from '@clinstream/testkit';
import { startRegistry } from './registry.ts';
import { type RegistryUnderTest, registryUnderTest } from './testing/registry-under-test.ts';

const type = 'application/vnd.schemaregistry.v1+json';
const v1 = record({ name: 'id', type: 'string' });
const v2 = record({ name: 'id', type: 'string' }, { name: 'note', type: 'string', default: '' });
const broken = record({ name: 'id', type: 'long' });

let registry: RegistryUnderTest;
before(async () => {
  registry = await registryUnderTest();
});
after(() => registry.stop());

test('the same schema gets the same id, however it is written and under whatever subject', async () => {
  const [one, other] = [uniqueName('one'), uniqueName('other')];
  const first = await register(one, v1);
  const pretty = JSON.stringify(JSON.parse(v1), null, 4);
  assert.deepEqual(await register(one, pretty), first);
  assert.deepEqual(await register(other, v1), first);
  assert.deepEqual((await ask('GET', `/subjects/${one}/versions`)).body, [1]);
  const { id } = first.body as { id: number };
  const uses = await ask('GET', `/schemas/ids/${id}/versions`);
  assert.deepEqual(uses.body, [
    { subject: one, version: 1 },
    { subject: other, version: 1 },
  ]);
});

test('many registrations at once take one version and one id', async () => {
  const subject = uniqueName('race');
  const schema = record({ name: subject.replaceAll('-', '_'), type: 'string' });
  const answers = await Promise.all(Array.from({ length: 12 }, () => register(subject, schema)));
  assert.deepEqual([...new Set(answers.map(({ status, body }) => `${status} ${JSON.stringify(body)}`))].length, 1);
  assert.deepEqual((await ask('GET', `/subjects/${subject}/versions`)).body, [1]);
});

test('two incompatible schemas at once: one is refused', async () => {
  const subject = uniqueName('rivals');
  const answers = await Promise.all([register(subject, v1), register(subject, broken)]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
});

test('a version comes back with its id and text', async () => {
  const subject = uniqueName('versions');
  await register(subject, v1);
  const { id } = (await register(subject, v2)).body as { id: number };
  const latest = await ask('GET', `/subjects/${subject}/versions/latest`);
  assert.deepEqual(latest.body, { subject, version: 2, id, schema: v2 });
  assert.deepEqual((await ask('GET', `/subjects/${subject}/versions/2/schema`)).body, JSON.parse(v2));
  assert.deepEqual((await ask('GET', `/schemas/ids/${id}`)).body, { schema: v2 });
  assert.equal(latest.contentType.split(';')[0], type);
  const lookedUp = await ask('POST', `/subjects/${subject}`, { schema: v1 });
  assert.equal((lookedUp.body as { version: number }).version, 1);
});

test('an incompatible schema is refused with 409 and the reason, and leaves nothing behind', async () => {
  const subject = uniqueName('incompatible');
  await register(subject, v1);
  const refused = await register(subject, broken);
  assert.deepEqual([refused.status, (refused.body as { error_code: number }).error_code], [409, 409]);
  assert.match((refused.body as { message: string }).message, /\/id: long cannot read string/);
  assert.deepEqual((await ask('GET', `/subjects/${subject}/versions`)).body, [1]);
});

test('the check without registering says the same', async () => {
  const subject = uniqueName('check');
  const check = (path: string, schema: string) => ask('POST', `/compatibility/subjects/${subject}/versions${path}`, { schema });
  assert.deepEqual((await check('/latest', v1)).body, { is_compatible: true });
  await register(subject, v1);
  assert.deepEqual((await check('/latest', v2)).body, { is_compatible: true });
  assert.deepEqual((await check('/1?verbose=true', broken)).body, {
    is_compatible: false,
    messages: ['the new schema cannot read the old: /id: long cannot read string'],
  });
  assert.deepEqual((await check('', broken)).body, { is_compatible: false });
  assert.equal((await check('/9', v2)).status, 404);
});

test('a subject has the global level until it has its own', async () => {
  const subject = uniqueName('config');
  assert.deepEqual(await errorOf('GET', `/config/${subject}`), [404, 40408]);
  assert.deepEqual((await ask('GET', `/config/${subject}?defaultToGlobal=true`)).body, { compatibilityLevel: 'BACKWARD' });
  await register(subject, v1);
  assert.deepEqual((await ask('PUT', `/config/${subject}`, { compatibility: 'none' })).body, { compatibility: 'NONE' });
  assert.deepEqual((await ask('GET', `/config/${subject}`)).body, { compatibilityLevel: 'NONE' });
  assert.equal((await register(subject, broken)).status, 200);
  assert.deepEqual((await ask('DELETE', `/config/${subject}`)).body, { compatibilityLevel: 'NONE' });
  assert.deepEqual(await errorOf('GET', `/config/${subject}`), [404, 40408]);
});

test('the level decides which way and how far back is looked', async () => {
  const subject = uniqueName('levels');
  const noDefault = record({ name: 'id', type: 'string' }, { name: 'note', type: 'string' });
  await register(subject, v1);
  await register(subject, v2);
  assert.equal((await register(subject, noDefault)).status, 200);
  const isAllowed = async (compatibility: string): Promise<boolean> => {
    await ask('PUT', `/config/${subject}`, { compatibility });
    const answer = await ask('POST', `/compatibility/subjects/${subject}/versions`, { schema: noDefault });
    return (answer.body as { is_compatible: boolean }).is_compatible;
  };
  assert.deepEqual(await isAllowed('FULL'), true);
  assert.deepEqual(await isAllowed('FULL_TRANSITIVE'), false);
  assert.deepEqual(await isAllowed('FORWARD_TRANSITIVE'), true);
});

test('deleting is soft first: hidden, but its id still decodes; then for good', async () => {
  const subject = uniqueName('deleted');
  const schema = record({ name: subject.replaceAll('-', '_'), type: 'string' });
  const { id } = (await register(subject, schema)).body as { id: number };
  assert.deepEqual(await errorOf('DELETE', `/subjects/${subject}?permanent=true`), [404, 40405]);
  assert.deepEqual((await ask('DELETE', `/subjects/${subject}`)).body, [1]);
  assert.deepEqual(await errorOf('GET', `/subjects/${subject}/versions`), [404, 40401]);
  assert.deepEqual((await ask('GET', `/subjects/${subject}/versions?deleted=true`)).body, [1]);
  assert.equal((await ask('GET', `/schemas/ids/${id}`)).status, 200);
  assert.deepEqual(await errorOf('DELETE', `/subjects/${subject}`), [404, 40404]);
  assert.deepEqual((await ask('DELETE', `/subjects/${subject}?permanent=true`)).body, [1]);
  assert.deepEqual(await errorOf('GET', `/schemas/ids/${id}`), [404, 40403]);
});

test('a single version is deleted the same way, and its number is not given again', async () => {
  const subject = uniqueName('version');
  await register(subject, v1);
  await register(subject, v2);
  assert.deepEqual(await errorOf('DELETE', `/subjects/${subject}/versions/2?permanent=true`), [404, 40407]);
  assert.deepEqual((await ask('DELETE', `/subjects/${subject}/versions/latest`)).body, 2);
  assert.deepEqual(await errorOf('DELETE', `/subjects/${subject}/versions/2`), [404, 40406]);
  assert.deepEqual((await ask('GET', `/subjects/${subject}/versions`)).body, [1]);
  await register(subject, v2);
  assert.deepEqual((await ask('GET', `/subjects/${subject}/versions`)).body, [1, 3]);
});

test('what is not there or not right is told by its code', async () => {
  const subject = uniqueName('codes');
  await register(subject, v1);
  assert.deepEqual(await errorOf('GET', '/subjects/nobody/versions/1'), [404, 40401]);
  assert.deepEqual(await errorOf('GET', `/subjects/${subject}/versions/7`), [404, 40402]);
  assert.deepEqual(await errorOf('GET', `/subjects/${subject}/versions/zero`), [422, 42202]);
  assert.deepEqual(await errorOf('GET', '/schemas/ids/99999'), [404, 40403]);
  assert.deepEqual(await errorOf('POST', `/subjects/${subject}`, { schema: v2 }), [404, 40403]);
  assert.deepEqual(await errorOf('POST', `/subjects/${subject}/versions`, { schema: '{"type":"nothing"}' }), [422, 42201]);
  assert.deepEqual(await errorOf('POST', `/subjects/${subject}/versions`, {}), [422, 42201]);
  assert.deepEqual(await errorOf('POST', `/subjects/${subject}/versions`, { schema: v1, schemaType: 'JSON' }), [422, 42201]);
  assert.deepEqual(await errorOf('PUT', '/config', { compatibility: 'SIDEWAYS' }), [422, 42203]);
  assert.deepEqual(await errorOf('GET', `/mode/${subject}`), [404, 40409]);
  assert.deepEqual(await errorOf('GET', '/nothing/here'), [404, 404]);
  assert.deepEqual((await ask('GET', '/mode')).body, { mode: 'READWRITE' });
  assert.deepEqual((await ask('GET', '/schemas/types')).body, ['AVRO']);
});

test('a body that is no JSON is a 400, an empty one with a content type is none', async () => {
  const bad = await fetch(`${registry.url}/subjects/x/versions`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: '{',
  });
  assert.equal(bad.status, 400);
  const empty = await fetch(`${registry.url}/subjects/nobody`, { method: 'DELETE', headers: { 'content-type': type } });
  assert.equal(((await empty.json()) as { error_code: number }).error_code, 40401);
});

test('what was registered is there after a restart', async () => {
  const subject = uniqueName('restart');
  const { body } = await register(subject, v1);
  const again = await startRegistry({ port: 0, databaseUrl: registry.databaseUrl });
  const response = await fetch(`${again.url}/subjects/${subject}/versions/latest`);
  assert.equal(((await response.json()) as { id: number }).id, (body as { id: number }).id);
  await again.stop();
});

test('while Postgres is away every question is a 500 with its code, and the registry lives on', async () => {
  const doomed = await (await testStack()).freshDatabase();
  const orphan = await startRegistry({ port: 0, databaseUrl: doomed.url });
  await doomed.drop();
  for (const path of ['/subjects', '/schemas/ids/1', '/config']) {
    const response = await fetch(`${orphan.url}${path}`);
    assert.deepEqual([response.status, ((await response.json()) as { error_code: number }).error_code], [500, 50001], path);
  }
  await orphan.stop();
});

test('without Postgres it does not start, and says why', async () => {
  const nowhere = new URL(registry.databaseUrl);
  nowhere.pathname = '/no_such_database';
  await assert.rejects(startRegistry({ port: 0, databaseUrl: nowhere.href }), /no_such_database/);
});

type Answer = { readonly status: number; readonly body: unknown; readonly contentType: string };

async function ask(method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`${registry.url}${path}`, {
    method,
    ...(body ? { body: JSON.stringify(body), headers: { 'content-type': type } } : {}),
  });
  return { status: response.status, body: await response.json(), contentType: response.headers.get('content-type') ?? '' };
}

async function errorOf(method: string, path: string, body?: object): Promise<readonly [number, number]> {
  const answer = await ask(method, path, body);
  return [answer.status, (answer.body as { error_code: number }).error_code];
}

const register = (subject: string, schema: string): Promise<Answer> => ask('POST', `/subjects/${subject}/versions`, { schema });

function record(...fields: readonly object[]): string {
  return JSON.stringify({ type: 'record', name: 'Thing', namespace: 'test', fields });
}
