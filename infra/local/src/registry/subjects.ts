/** What the registry does with subjects, versions, ids and levels, in the words of its clients. Throws RegistryError. */
import { canonicalText } from './avro/canonical.ts';
import { type CompatibilityLevel, levelProblems } from './avro/compatibility.ts';
import { parseAvroSchema } from './avro/parse.ts';
import { AvroSchemaError, type AvroType } from './avro/types.ts';
import * as errors from './errors.ts';
import type { Queries, Store, StoredVersion } from './store.ts';

export type SchemaRequest = {
  readonly schema: string;
  readonly schemaType: string;
  readonly hasReferences: boolean;
};
export type VersionSelector = number | 'latest';
type Found = { readonly subject: string; readonly version: number; readonly id: number; readonly schema: string };

export type Subjects = ReturnType<typeof createSubjects>;

/** Confluent's default. */
const defaultLevel: CompatibilityLevel = 'BACKWARD';

export function createSubjects(store: Store) {
  return {
    list: (prefix: string, withDeleted: boolean) => store.subjects(prefix, withDeleted),

    versions: async (subject: string, withDeleted: boolean): Promise<readonly number[]> =>
      (await existing(store, subject, withDeleted)).map((row) => row.version),

    get: async (subject: string, selector: VersionSelector, withDeleted: boolean): Promise<Found> =>
      found(subject, select(await existing(store, subject, withDeleted), selector)),

    register: (subject: string, request: SchemaRequest) => register(store, subject, parseRequest(request)),

    lookUp: async (subject: string, request: SchemaRequest, withDeleted: boolean): Promise<Found> => {
      const text = canonicalText(parseRequest(request));
      const match = (await existing(store, subject, withDeleted)).findLast((row) => row.text === text);
      if (!match) throw errors.schemaNotFound();
      return found(subject, match);
    },

    /** Why the schema may not follow the selected version ('all': those its level asks about); empty when it may. */
    compatibility: async (subject: string, selector: VersionSelector | 'all', request: SchemaRequest) => {
      const next = parseRequest(request);
      const active = (await store.versions(subject)).filter(isActive);
      if (active.length === 0 && selector !== 'latest') throw errors.subjectNotFound(subject);
      const against = selector === 'all' || active.length === 0 ? active : [select(active, selector)];
      return levelProblems(await levelOf(store, subject), next, against.map(parsed));
    },

    deleteSubject: (subject: string, permanent: boolean) =>
      store.change(async (tx) => (permanent ? removeSubject(tx, subject) : softDeleteSubject(tx, subject))),

    deleteVersion: (subject: string, selector: VersionSelector, permanent: boolean) =>
      store.change((tx) => deleteVersion(tx, subject, selector, permanent)),

    schemaText: async (id: number): Promise<string> => {
      const [text, uses] = await Promise.all([store.textOf(id), store.usesOf(id, true)]);
      if (text === null || uses.length === 0) throw errors.schemaNotFound();
      return text;
    },

    uses: async (id: number, withDeleted: boolean) => {
      const uses = await store.usesOf(id, withDeleted);
      if (uses.length === 0) throw errors.schemaNotFound();
      return uses;
    },

    globalLevel: async () => (await store.level(null)) ?? defaultLevel,

    subjectLevel: async (subject: string, defaultToGlobal: boolean): Promise<CompatibilityLevel> => {
      if (defaultToGlobal) return levelOf(store, subject);
      const level = await store.level(subject);
      if (!level) throw errors.subjectConfigUnset(subject);
      return level;
    },

    setLevel: (subject: string | null, level: CompatibilityLevel) => store.change((tx) => tx.setLevel(subject, level)),

    /** The level that was set. */
    clearLevel: (subject: string | null) =>
      store.change(async (tx) => {
        const level = await tx.level(subject);
        if (!level && subject !== null) throw errors.subjectConfigUnset(subject);
        await tx.clearLevel(subject);
        return level ?? defaultLevel;
      }),
  };
}

function register(store: Store, subject: string, schema: AvroType): Promise<number> {
  const text = canonicalText(schema);
  return store.change(async (tx) => {
    const rows = await tx.versions(subject);
    const active = rows.filter(isActive);
    const same = active.find((row) => row.text === text);
    if (same) return same.id;
    const problems = levelProblems(await levelOf(tx, subject), schema, active.map(parsed));
    if (problems.length > 0) throw errors.incompatible(subject, problems);
    const id = await tx.idOf(text);
    await tx.addVersion(subject, (rows.at(-1)?.version ?? 0) + 1, id);
    return id;
  });
}

/** Soft deletion hides a subject and forgets its level; ids stay readable, so that old records still decode. */
async function softDeleteSubject(tx: Queries, subject: string): Promise<readonly number[]> {
  const rows = await tx.versions(subject);
  if (rows.length === 0) throw errors.subjectNotFound(subject);
  const versions = rows.filter(isActive).map((row) => row.version);
  if (versions.length === 0) throw errors.subjectSoftDeleted(subject);
  await tx.markDeleted(subject, versions);
  await tx.clearLevel(subject);
  return versions;
}

async function removeSubject(tx: Queries, subject: string): Promise<readonly number[]> {
  const rows = await tx.versions(subject);
  if (rows.length === 0) throw errors.subjectNotFound(subject);
  if (rows.some(isActive)) throw errors.subjectNotSoftDeleted(subject);
  const versions = rows.map((row) => row.version);
  await tx.remove(subject, versions);
  return versions;
}

async function deleteVersion(tx: Queries, subject: string, selector: VersionSelector, permanent: boolean): Promise<number> {
  const rows = await tx.versions(subject);
  if (rows.length === 0) throw errors.subjectNotFound(subject);
  const { version, deleted } = select(selector === 'latest' ? rows.filter(isActive) : rows, selector);
  if (permanent && !deleted) throw errors.versionNotSoftDeleted(subject, version);
  if (!permanent && deleted) throw errors.versionSoftDeleted(subject, version);
  await (permanent ? tx.remove(subject, [version]) : tx.markDeleted(subject, [version]));
  return version;
}

async function existing(store: Queries, subject: string, withDeleted: boolean): Promise<readonly StoredVersion[]> {
  const rows = (await store.versions(subject)).filter((row) => withDeleted || isActive(row));
  if (rows.length === 0) throw errors.subjectNotFound(subject);
  return rows;
}

function select(rows: readonly StoredVersion[], selector: VersionSelector): StoredVersion {
  const row = selector === 'latest' ? rows.at(-1) : rows.find((candidate) => candidate.version === selector);
  if (!row) throw errors.versionNotFound(selector);
  return row;
}

function parseRequest(request: SchemaRequest): AvroType {
  if (request.schemaType !== 'AVRO') throw errors.invalidSchema(`type ${request.schemaType} is not served here, only AVRO`);
  if (request.hasReferences) throw errors.invalidSchema('references are not served here');
  try {
    return parseAvroSchema(request.schema);
  } catch (error) {
    throw error instanceof AvroSchemaError ? errors.invalidSchema(error.message) : error;
  }
}

const levelOf = async (store: Queries, subject: string): Promise<CompatibilityLevel> =>
  (await store.level(subject)) ?? (await store.level(null)) ?? defaultLevel;
const isActive = (row: StoredVersion): boolean => !row.deleted;
const parsed = (row: StoredVersion): AvroType => parseAvroSchema(row.text);
const found = (subject: string, row: StoredVersion): Found => ({
  subject,
  version: row.version,
  id: row.id,
  schema: row.text,
});
