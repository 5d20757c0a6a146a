/**
 * Avro codecs of the topics a service reads or writes. Looks up the ids of our own schemas at start and keeps asking while the registry is
 * away or the deploy step has not run; never registers. Ready when every id is known. Invariant: encode never waits, decode waits only for
 * a writer's schema seen for the first time.
 */
import { schemaOf, subjectOf, type Topic, type TopicEvents } from '@clinstream/contracts';
import type { RegistryConfig } from '../config/fragments.ts';
import type { AppError } from '../errors/app-error.ts';
import { backOffDelay, dependencyBackOff, sleep } from '../errors/back-off.ts';
import { classify, runtimeError } from '../errors/classify.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createTopicCodec, schemaIdOf, type TopicCodec } from './avro.ts';
import { createNegativeCache } from './negative-cache.ts';
import { createRegistryClient, type RegistryClient } from './registry-client.ts';
import type { Codecs } from './types.ts';

export type CodecsOptions = {
  readonly registry: RegistryConfig;
  /** Topics this service reads or writes. */
  readonly topics: readonly Topic[];
  readonly telemetry: Telemetry;
  /** For tests: another way to ask the registry. */
  readonly client?: RegistryClient;
};

type Entry = { readonly topic: Topic; readonly codec: TopicCodec; id: number | null };

export function createCodecs({ registry, topics, telemetry, client = createRegistryClient(registry) }: CodecsOptions): Codecs {
  const entries = new Map<string, Entry>();
  for (const topic of topics) entries.set(topic, { topic, codec: createTopicCodec(topic, schemaOf[topic]), id: null });
  const learn = createLearner(client, telemetry);
  const lookup = createLookup([...entries.values()], client, telemetry);
  const entryOf = (topic: string): Entry => {
    const entry = entries.get(topic);
    if (entry) return entry;
    throw runtimeError('ENCODE_INVALID', 'publish', { message: `topic ${topic} was not named when the codecs were made` });
  };
  return {
    name: 'codecs',
    start: lookup.start,
    stop: lookup.stop,
    readiness: () => (lookup.problem() === null ? { ready: true } : { ready: false, why: lookup.problem() ?? '' }),
    encode(topic, value) {
      const { codec, id } = entryOf(topic);
      if (id === null)
        throw runtimeError('SCHEMA_NOT_REGISTERED', 'publish', { message: `the schema id of ${topic} is not known yet` });
      return codec.encode(id, value);
    },
    decode<T extends Topic>(topic: T, framed: Buffer): TopicEvents[T] | Promise<TopicEvents[T]> {
      const entry = entryOf(topic);
      const id = schemaIdOf(framed);
      if (entry.codec.knows(id)) return entry.codec.decode(id, framed) as TopicEvents[T];
      return learn(entry, id).then(() => entry.codec.decode(id, framed) as TopicEvents[T]);
    },
  };
}

/** Learns a writer's schema once; an id that cannot be read is remembered for half a minute. */
function createLearner(client: RegistryClient, { clock }: Telemetry): (entry: Entry, id: number) => Promise<void> {
  const unreadable = new Map<string, ReturnType<typeof createNegativeCache>>();
  const cacheOf = (topic: string) => {
    const known = unreadable.get(topic) ?? createNegativeCache({ maxEntries: 1_000, ttlMs: 30_000 });
    unreadable.set(topic, known);
    return known;
  };
  return async ({ topic, codec }, id) => {
    const cache = cacheOf(topic);
    const known = cache.get(id, clock.now());
    if (known) throw known;
    try {
      codec.learn(id, await client.schemaOf(id));
    } catch (cause) {
      const error = classify(cause, 'decode');
      if (error.kind === 'poison') cache.add(id, error, clock.now());
      throw error;
    }
  };
}

/** Asks for the ids of our own schemas until all are known. One log line when it has to wait, one when it is done. */
function createLookup(entries: readonly Entry[], client: RegistryClient, { log }: Telemetry) {
  const stopping = new AbortController();
  let problem: AppError | null = null;
  let waited = false;
  let running: Promise<void> = Promise.resolve();
  const ask = async (entry: Entry): Promise<void> => {
    const id = await client.idOf(subjectOf(entry.topic), entry.codec.schemaText);
    entry.codec.learn(id, schemaOf[entry.topic]);
    entry.id = id;
  };
  const round = async (): Promise<void> => {
    const answers = await Promise.allSettled(entries.filter(({ id }) => id === null).map(ask));
    const failed = answers.find((answer) => answer.status === 'rejected');
    problem = failed ? classify(failed.reason, 'publish') : null;
    if (problem && !waited) log.warn({ err: problem, dependency: 'registry' }, 'schema registry not usable yet, waiting');
    waited ||= problem !== null;
  };
  const goOn = async (): Promise<void> => {
    for (let attempt = 1; problem !== null && !stopping.signal.aborted; attempt++) {
      await sleep(backOffDelay(dependencyBackOff, attempt), stopping.signal);
      await round();
    }
    if (waited && problem === null) log.info({ dependency: 'registry' }, 'schema registry usable');
  };
  const pending = () => entries.some(({ id }) => id === null);
  return {
    start: async () => {
      await round();
      running = goOn();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
    problem: (): string | null => (pending() ? (problem?.message ?? 'schema ids not looked up yet') : null),
  };
}
