/** The registry's HTTP doors: paths, parameters and bodies as Confluent's clients send them. Holds no rule. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type CompatibilityLevel, isCompatibilityLevel } from './avro/compatibility.ts';
import * as errors from './errors.ts';
import type { SchemaRequest, Subjects, VersionSelector } from './subjects.ts';

export function addRoutes(app: FastifyInstance, subjects: Subjects): void {
  addSubjectRoutes(app, subjects);
  addSchemaRoutes(app, subjects);
  addCompatibilityRoutes(app, subjects);
  addConfigRoutes(app, subjects);
  addModeRoutes(app);
  app.get('/', async () => ({}));
  app.get('/contexts', async () => ['.']);
}

function addSubjectRoutes(app: FastifyInstance, subjects: Subjects): void {
  app.get('/subjects', async (request) => subjects.list(query(request, 'subjectPrefix') ?? '', flag(request, 'deleted')));
  app.post('/subjects/:subject', async (request) =>
    subjects.lookUp(subjectOf(request), schemaOf(request), flag(request, 'deleted')),
  );
  app.delete('/subjects/:subject', async (request) => subjects.deleteSubject(subjectOf(request), flag(request, 'permanent')));
  app.get('/subjects/:subject/versions', async (request) => subjects.versions(subjectOf(request), flag(request, 'deleted')));
  app.post('/subjects/:subject/versions', async (request) => {
    const body = objectBody(request);
    if (body['id'] || body['version']) throw errors.notPermitted('Subject is not in import mode');
    return { id: await subjects.register(subjectOf(request), schemaOf(request)) };
  });
  app.get('/subjects/:subject/versions/:version', async (request) =>
    subjects.get(subjectOf(request), versionOf(request), flag(request, 'deleted')),
  );
  app.get('/subjects/:subject/versions/:version/schema', async (request, reply) => {
    const found = await subjects.get(subjectOf(request), versionOf(request), flag(request, 'deleted'));
    return reply.send(Buffer.from(found.schema));
  });
  app.get('/subjects/:subject/versions/:version/referencedby', async (request) => {
    await subjects.get(subjectOf(request), versionOf(request), true);
    return [];
  });
  app.delete('/subjects/:subject/versions/:version', async (request) =>
    subjects.deleteVersion(subjectOf(request), versionOf(request), flag(request, 'permanent')),
  );
}

function addSchemaRoutes(app: FastifyInstance, subjects: Subjects): void {
  app.get('/schemas/types', async () => ['AVRO']);
  app.get('/schemas/ids/:id', async (request) => ({ schema: await subjects.schemaText(idOf(request)) }));
  app.get('/schemas/ids/:id/schema', async (request, reply) => reply.send(Buffer.from(await subjects.schemaText(idOf(request)))));
  app.get('/schemas/ids/:id/subjects', async (request) => {
    const uses = await subjects.uses(idOf(request), flag(request, 'deleted'));
    return [...new Set(uses.map((use) => use.subject))];
  });
  app.get('/schemas/ids/:id/versions', async (request) => subjects.uses(idOf(request), flag(request, 'deleted')));
}

function addCompatibilityRoutes(app: FastifyInstance, subjects: Subjects): void {
  const answer = async (request: FastifyRequest, version: VersionSelector | 'all') => {
    const problems = await subjects.compatibility(subjectOf(request), version, schemaOf(request));
    return { is_compatible: problems.length === 0, ...(flag(request, 'verbose') ? { messages: problems } : {}) };
  };
  app.post('/compatibility/subjects/:subject/versions', async (request) => answer(request, 'all'));
  app.post('/compatibility/subjects/:subject/versions/:version', async (request) => answer(request, versionOf(request)));
}

function addConfigRoutes(app: FastifyInstance, subjects: Subjects): void {
  app.get('/config', async () => ({ compatibilityLevel: await subjects.globalLevel() }));
  app.put('/config', async (request) => {
    const level = levelOf(request);
    await subjects.setLevel(null, level);
    return { compatibility: level };
  });
  app.delete('/config', async () => ({ compatibilityLevel: await subjects.clearLevel(null) }));
  app.get('/config/:subject', async (request) => ({
    compatibilityLevel: await subjects.subjectLevel(subjectOf(request), flag(request, 'defaultToGlobal')),
  }));
  app.put('/config/:subject', async (request) => {
    const level = levelOf(request);
    await subjects.setLevel(subjectOf(request), level);
    return { compatibility: level };
  });
  app.delete('/config/:subject', async (request) => ({ compatibilityLevel: await subjects.clearLevel(subjectOf(request)) }));
}

function addModeRoutes(app: FastifyInstance): void {
  app.get('/mode', async () => ({ mode: 'READWRITE' }));
  app.get('/mode/:subject', async (request) => {
    if (!flag(request, 'defaultToGlobal')) throw errors.subjectModeUnset(subjectOf(request));
    return { mode: 'READWRITE' };
  });
}

const param = (request: FastifyRequest, name: string): string => (request.params as Record<string, string>)[name] ?? '';
const query = (request: FastifyRequest, name: string): string | undefined => {
  const value = (request.query as Record<string, string | string[] | undefined>)[name];
  return typeof value === 'string' ? value : value?.[0];
};
const flag = (request: FastifyRequest, name: string): boolean => query(request, name)?.toLowerCase() === 'true';
const subjectOf = (request: FastifyRequest): string => param(request, 'subject');

function versionOf(request: FastifyRequest): VersionSelector {
  const text = param(request, 'version');
  if (text === 'latest' || text === '-1') return 'latest';
  const version = Number(text);
  if (!/^\d+$/.test(text) || version < 1 || version > 2_147_483_647) throw errors.invalidVersion(text);
  return version;
}

function idOf(request: FastifyRequest): number {
  const id = Number(param(request, 'id'));
  if (!Number.isInteger(id) || id < 1 || id > 2_147_483_647) throw errors.schemaNotFound();
  return id;
}

function schemaOf(request: FastifyRequest): SchemaRequest {
  const { schema, schemaType, references } = objectBody(request);
  if (typeof schema !== 'string' || schema === '') throw errors.invalidSchema('schema is missing or empty');
  return {
    schema,
    schemaType: typeof schemaType === 'string' ? schemaType : 'AVRO',
    hasReferences: Array.isArray(references) && references.length > 0,
  };
}

function levelOf(request: FastifyRequest): CompatibilityLevel {
  const given = objectBody(request)['compatibility'];
  const level = typeof given === 'string' ? given.toUpperCase() : null;
  if (!isCompatibilityLevel(level)) throw errors.invalidLevel();
  return level;
}

const objectBody = (request: FastifyRequest): Readonly<Record<string, unknown>> =>
  typeof request.body === 'object' && request.body !== null ? (request.body as Record<string, unknown>) : {};
