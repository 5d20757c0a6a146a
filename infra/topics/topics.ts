/**
 * Every topic with its partitions, retention and cleanup policy, and why. Data only; `deploy` (infra/local/src/deploy.ts) creates what is missing.
 *
 * All topics that carry events of patients or jobs have the same partition count, so that one consumer can be given the same partition numbers of each.
 * A partition count is never changed in place: keys would move to other partitions and lose their order.
 */
import {
  allGroups,
  allTopics,
  deadLetterTopicOf,
  retryingGroups,
  retryTiers,
  retryTopicOf,
  type Topic,
} from '@clinstream/contracts';

export type TopicSpec = {
  readonly name: string;
  /** `shared` = the one count of all topics; a parked record keeps its partition number, and so its order, when it is replayed. */
  readonly partitions: 'shared';
  /** Milliseconds; null keeps records for ever. */
  readonly retentionMs: number | null;
  readonly cleanupPolicy: 'delete' | 'compact';
  /** Largest record; absent leaves it to the broker (1 MiB). */
  readonly maxMessageBytes?: number;
  readonly why: string;
};

const day = 86_400_000;

/** Twice what event topics take: a copy carries headers that its original had not, and must never be refused. */
const parkedMaxBytes = 2 * 1_048_588;

const projectionSource = 'the projections in Postgres are rebuilt from it, so nothing may leave it';

const eventTopics: Readonly<Record<Topic, Omit<TopicSpec, 'name' | 'partitions'>>> = {
  'clinical.patients.v1': { retentionMs: null, cleanupPolicy: 'delete', why: projectionSource },
  'clinical.orders.v1': { retentionMs: null, cleanupPolicy: 'delete', why: projectionSource },
  'clinical.observations.v1': { retentionMs: null, cleanupPolicy: 'delete', why: projectionSource },
  'clinical.messages.v1': { retentionMs: null, cleanupPolicy: 'delete', why: projectionSource },
  'analysis.requests.stat.v1': { retentionMs: null, cleanupPolicy: 'delete', why: projectionSource },
  'analysis.requests.urgent.v1': { retentionMs: null, cleanupPolicy: 'delete', why: projectionSource },
  'analysis.requests.routine.v1': { retentionMs: null, cleanupPolicy: 'delete', why: projectionSource },
  'analysis.progress.v1': {
    retentionMs: 7 * day,
    cleanupPolicy: 'delete',
    why: 'of use only until the job ends; a rebuilt projection does without it',
  },
  'analysis.results.stat.v1': { retentionMs: null, cleanupPolicy: 'delete', why: projectionSource },
  'analysis.results.urgent.v1': { retentionMs: null, cleanupPolicy: 'delete', why: projectionSource },
  'analysis.results.routine.v1': { retentionMs: null, cleanupPolicy: 'delete', why: projectionSource },
  'analysis.reviews.v1': { retentionMs: null, cleanupPolicy: 'delete', why: projectionSource },
  'clinical.alerts.v1': { retentionMs: null, cleanupPolicy: 'delete', why: projectionSource },
  'sync.deliveries.v1': { retentionMs: null, cleanupPolicy: 'delete', why: projectionSource },
  'sync.redeliveries.v1': {
    retentionMs: 14 * day,
    cleanupPolicy: 'delete',
    why: 'a wish for now: two weeks outlast any outage of the one who fulfils it',
  },
};

const retryTopics: readonly TopicSpec[] = retryingGroups.flatMap((group) =>
  retryTiers.map((tier) => ({
    name: retryTopicOf(group, tier),
    partitions: 'shared' as const,
    retentionMs: 14 * day,
    cleanupPolicy: 'delete' as const,
    maxMessageBytes: parkedMaxBytes,
    why: `work of ${group} that waits ${tier.name}; two weeks outlast any outage of the group itself`,
  })),
);

const deadLetterTopics: readonly TopicSpec[] = allGroups.map((group) => ({
  name: deadLetterTopicOf(group),
  partitions: 'shared',
  retentionMs: null,
  cleanupPolicy: 'delete',
  maxMessageBytes: parkedMaxBytes,
  why: `what ${group} gave up on, for people to see and replay; it leaves only when they decide`,
}));

export const topicSpecs: readonly TopicSpec[] = [
  ...allTopics.map((name) => ({ name, partitions: 'shared' as const, ...eventTopics[name] })),
  ...retryTopics,
  ...deadLetterTopics,
];

/** What the broker is told beside the partition count. Null leaves the replica minimum to the broker's own default. */
export const topicConfigOf = (spec: TopicSpec, minInSyncReplicas: number | null): Readonly<Record<string, string>> => ({
  'cleanup.policy': spec.cleanupPolicy,
  'retention.ms': String(spec.retentionMs ?? -1),
  ...(spec.maxMessageBytes === undefined ? {} : { 'max.message.bytes': String(spec.maxMessageBytes) }),
  ...(minInSyncReplicas === null ? {} : { 'min.insync.replicas': String(minInSyncReplicas) }),
});
