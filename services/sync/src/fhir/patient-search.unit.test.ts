/** Searches shared by several askers: each is answered as if it had asked alone, whatever kind of server it is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FhirClient, FhirReply } from './client.ts';
import { fhirError } from './errors.ts';
import type { JsonRecord } from './json.ts';
import { createPatientSearch } from './patient-search.ts';

const signal = new AbortController().signal;
const identifierOf = (value: string) => ({ system: 'urn:x', value });
const patientOf = (id: string, value: string): JsonRecord => ({
  resourceType: 'Patient',
  id,
  identifier: [{ system: 'urn:x', value }],
});
const everybody = [patientOf('k', 'known'), patientOf('a1', 'a'), patientOf('a2', 'a'), patientOf('c', 'c')];

const pageOf = (patients: readonly JsonRecord[], more: object = {}): FhirReply => ({
  status: 200,
  etag: null,
  resource: { resourceType: 'Bundle', type: 'searchset', entry: patients.map((resource) => ({ resource })), ...more },
});
const matching = (values: readonly string[]): readonly JsonRecord[] =>
  everybody.filter(({ identifier }) => values.includes((identifier as { value: string }[])[0]?.value ?? ''));

/** The values every search asked for, and what the server makes of them. */
function serverThat(answer: (values: readonly string[]) => FhirReply | Promise<FhirReply>) {
  const asked: (readonly string[])[] = [];
  const client: FhirClient = {
    baseUrl: 'http://x',
    send: async ({ path }) => {
      const tokens = new URLSearchParams(path.split('?')[1]).get('identifier')?.split(',') ?? [];
      const values = tokens.map((token) => token.split('|')[1] ?? '');
      asked.push(values);
      return await answer(values);
    },
  };
  const search = createPatientSearch(client);
  const find = async (...values: readonly string[]) => {
    const found = await Promise.all(values.map((value) => search.find(identifierOf(value), signal)));
    return found.map((patients) => patients.map(({ id }) => id));
  };
  return { asked, find, search };
}

const right = [['a1', 'a2'], [], ['c']];

test('askers of one moment share a search once somebody is known to be there, and each gets its own', async () => {
  const { asked, find } = serverThat((values) => pageOf(matching(values)));
  assert.deepEqual(await find('a', 'b', 'c'), right);
  assert.deepEqual(asked, [['a'], ['b'], ['c']]);
  assert.deepEqual(await find('a', 'b', 'c'), right);
  assert.deepEqual(asked.slice(3), [['a', 'b', 'c', 'a']]);
  assert.deepEqual(await find('b'), [[]]);
  assert.deepEqual(asked.at(-1), ['b'], 'one that is alone needs no proof');
});

test('who asks while a search is under way waits for the next', async () => {
  const first = Promise.withResolvers<void>();
  const { asked, find, search } = serverThat(async (values) => {
    if (values.length === 1) await first.promise;
    return pageOf(matching(values));
  });
  search.exists(identifierOf('known'));
  const finding = find('a');
  while (asked.length === 0) await new Promise(setImmediate);
  const others = find('b', 'c');
  first.resolve();
  assert.deepEqual([await finding, await others], [[right[0]], right.slice(1)]);
  assert.deepEqual(asked, [['a'], ['b', 'c', 'known']]);
});

const oddServers: Readonly<Record<string, (values: readonly string[]) => FhirReply>> = {
  'takes a list for one value': (values) => pageOf(values.length > 1 ? [] : matching(values)),
  'has cut the page short': (values) =>
    pageOf(matching(values).slice(0, values.length > 1 ? 1 : 9), values.length > 1 ? { link: [{ relation: 'next' }] } : {}),
  'tells of more than it lists': (values) =>
    pageOf(matching(values).slice(0, values.length > 1 ? 1 : 9), { total: matching(values).length }),
  fails: (values) => {
    if (values.length > 1) throw fhirError('FHIR_REPLY_LOST');
    return pageOf(matching(values));
  },
  'refuses lists': (values) => (values.length > 1 ? { status: 400, etag: null, resource: null } : pageOf(matching(values))),
  'answers with everybody': () => pageOf(everybody),
};

for (const [what, answer] of Object.entries(oddServers)) {
  test(`a server that ${what}: each is found all the same`, async () => {
    const { asked, find, search } = serverThat(answer);
    search.exists(identifierOf('known'));
    assert.deepEqual(await find('a', 'b', 'c'), right);
    assert.deepEqual(asked[0], ['a', 'b', 'c', 'known']);
  });
}

test('a shared search that never ends keeps nobody for long', async () => {
  const { find, search } = serverThat((values) => (values.length > 1 ? new Promise(() => {}) : pageOf(matching(values))));
  search.exists(identifierOf('known'));
  assert.deepEqual(await find('a', 'b', 'c'), right);
});

test('an error is the asker’s own', async () => {
  const { find, search } = serverThat((values) => {
    if (values.includes('b')) throw fhirError('FHIR_REPLY_LOST');
    return pageOf(matching(values));
  });
  search.exists(identifierOf('known'));
  const [a, b] = await Promise.allSettled([find('a'), find('b')]);
  assert.deepEqual([a.status, b.status], ['fulfilled', 'rejected']);
});

test('looking ahead asks with others or not at all', async () => {
  const { asked, search } = serverThat((values) => pageOf(matching(values)));
  const ahead = (...values: readonly string[]) =>
    Promise.all(values.map(async (value) => (await search.findWithOthers(identifierOf(value)))?.map(({ id }) => id) ?? null));
  assert.deepEqual(await ahead('a', 'b'), [null, null], 'nobody is known yet');
  search.exists(identifierOf('known'));
  assert.deepEqual(await ahead('a'), [null], 'nobody to share with');
  assert.deepEqual(asked, []);
  assert.deepEqual(await ahead('a', 'b', 'c'), right);
  assert.deepEqual(asked, [['a', 'b', 'c', 'known']]);
});

test('looking ahead never fails', async () => {
  const { search } = serverThat(() => {
    throw fhirError('FHIR_REPLY_LOST');
  });
  search.exists(identifierOf('known'));
  assert.deepEqual(await Promise.all([search.findWithOthers(identifierOf('a')), search.findWithOthers(identifierOf('b'))]), [
    null,
    null,
  ]);
});

const nextPage = (page: number) => ({ link: [{ relation: 'next', url: `http://x/Patient?page=${page}` }] });

test('one whose first page is cut short is looked for on the others: who stands there makes it ambiguous', async () => {
  const client: FhirClient = {
    baseUrl: 'http://x',
    send: async ({ path }) =>
      path.includes('page=2') ? pageOf([everybody[2] as JsonRecord]) : pageOf([everybody[1] as JsonRecord], nextPage(2)),
  };
  const found = await createPatientSearch(client).find(identifierOf('a'), signal);
  assert.deepEqual(
    found.map(({ id }) => id),
    ['a1', 'a2'],
  );
});

for (const [what, next] of Object.entries({
  'never end': (page: number) => nextPage(page + 1),
  'go round': () => nextPage(1),
  'lead elsewhere': () => ({ link: [{ relation: 'next', url: 'http://elsewhere/Patient' }] }),
})) {
  test(`pages that ${what} are no answer`, async () => {
    let page = 0;
    const client: FhirClient = { baseUrl: 'http://x', send: async () => pageOf([], next(page++)) };
    await assert.rejects(createPatientSearch(client).find(identifierOf('a'), signal), {
      code: 'FHIR_REPLY_UNREADABLE',
      kind: 'ambiguous',
    });
  });
}
