/** Test-only stand-ins for the log, the store and the models, which fail when told to. */
import type { LogPosition, ModelManifest, Topic } from '@clinstream/contracts';
import { AppError } from '@clinstream/runtime/errors';
import { createModelCatalog } from '../domain/model-catalog.ts';
import type { Publication } from '../domain/publication.ts';
import type { ReservationRequest, Reservations } from '../idempotency/types.ts';
import type { PublishConfirmed } from './publish-confirmed.ts';
import { type AnalysisSubmitter, createAnalysisSubmitter } from './submit-analysis.ts';

const manifest: ModelManifest = {
  name: 'tumour',
  version: '1.0.0',
  title: 'tumour',
  kind: 'diagnosis',
  demonstration: true,
  file: 'm.onnx',
  digest: '0'.repeat(64),
  inputs: [
    { name: 'radius', codes: [], unit: 'um', minimum: 5, maximum: 30, required: true },
    { name: 'texture', codes: [], unit: '1', minimum: 0, maximum: 50, required: true },
  ],
  outputs: { positive: 'malignant', negative: 'benign', threshold: 0.5 },
  evidence: null,
  orderCodes: [],
  population: { minimumAgeYears: null, maximumAgeYears: null, sexes: null },
  limits: { softTimeoutMs: 1, hardTimeoutMs: 2, attempts: 3 },
  licence: 'none',
};
export const testModels = createModelCatalog([manifest]);

export const kafkaUnavailable = (): AppError =>
  new AppError({ code: 'KAFKA_UNAVAILABLE', kind: 'retryable', scope: 'dependency', stage: 'publish', message: 'away' });
export const postgresUnavailable = (): AppError =>
  new AppError({ code: 'POSTGRES_UNAVAILABLE', kind: 'retryable', scope: 'dependency', stage: 'receive', message: 'away' });

export type FakeLog = {
  readonly published: Publication[];
  readonly publish: PublishConfirmed;
  /** What the next publishes do, one entry each; afterwards they succeed. */
  failNext(...errors: (Error | 'never' | null)[]): void;
};

export function createFakeLog(): FakeLog {
  const published: Publication[] = [];
  const plan: (Error | 'never' | null)[] = [];
  return {
    published,
    failNext: (...errors) => void plan.push(...errors),
    publish: async <T extends Topic>(publication: Publication<T>): Promise<LogPosition> => {
      const planned = plan.shift() ?? null;
      if (planned === 'never') return new Promise(() => {});
      if (planned !== null) throw planned;
      published.push(publication as Publication);
      return { topic: publication.topic, partition: 0, offset: published.length - 1 };
    },
  };
}

export type FakeStore = Reservations & { failNext(...errors: Error[]): void; statements(): number };

export function createFakeStore(): FakeStore {
  const rows = new Map<string, ReservationRequest>();
  const plan: Error[] = [];
  let statements = 0;
  const reserveMany: Reservations['reserveMany'] = async (requests) => {
    statements++;
    const error = plan.shift();
    if (error) throw error;
    return requests.map((request) => {
      const name = JSON.stringify([request.client, request.operation, request.key]);
      const owner = rows.get(name);
      if (owner === undefined) rows.set(name, request);
      const { digest, id, requestedAt } = owner ?? request;
      const outcome = digest !== request.digest ? 'conflict' : owner === undefined ? 'new' : 'repeat';
      return { outcome, id, requestedAt };
    });
  };
  return {
    reserveMany,
    reserve: async (request) => (await reserveMany([request]))[0] ?? { outcome: 'conflict', id: '', requestedAt: 0 },
    failNext: (...errors) => void plan.push(...errors),
    statements: () => statements,
  };
}

export function createTestSubmitter(log: FakeLog, store: FakeStore): AnalysisSubmitter {
  let time = 1_700_000_000_000;
  let ids = 0;
  return createAnalysisSubmitter({
    models: testModels,
    reservations: store,
    publish: log.publish,
    clock: { now: () => time++ },
    newId: () => `id-${ids++}`,
    publicUrl: 'http://api',
  });
}

export const goodBody = {
  patient: { facility: 'H1', authority: 'MRN', id: '0001' },
  model: 'tumour',
  inputs: { radius: 10, texture: 20 },
  priority: 'stat',
} as const;
