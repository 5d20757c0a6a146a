/** GET /v1/models: what each model is for and what it asks for, from the manifests. */
import type { ModelManifest } from '@clinstream/contracts';
import type { FastifyInstance } from 'fastify';
import type { ModelNames } from '../../domain/model-names.ts';
import { everyoneInside } from '../access.ts';
import { ModelsSchema } from '../schemas.ts';

const route = {
  config: { roles: [...everyoneInside] },
  schema: { operationId: 'listModels', tags: ['models'], summary: 'The models there are', response: { 200: ModelsSchema } },
};

export function registerModels(server: FastifyInstance, { models }: { readonly models: ModelNames }): void {
  server.get('/v1/models', route, async () => ({ models: models.all.map(viewModel) }));
}

const viewModel = (manifest: ModelManifest) => ({
  ...manifest,
  evidence: { method: manifest.evidence?.method ?? null, byDefault: manifest.evidence?.default ?? false },
});
