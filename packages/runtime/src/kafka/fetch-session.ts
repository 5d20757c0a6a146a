/**
 * What a fetch session (KIP-227) leaves out: the broker remembers what was asked for, so a request names only partitions that are new, moved
 * on or gone, and an answer only those with something to tell. One per connection to a broker, whose requests follow one after the other.
 *
 * Whatever goes wrong, the next request names everything and opens a session anew: nothing is ever missed, at worst asked for twice.
 */
export type AskedPartition = { readonly partition: number; readonly fetchOffset: string; readonly maxBytes: number };
export type AskedTopic = { readonly topic: string; readonly partitions: readonly AskedPartition[] };
export type SessionRequest = {
  readonly sessionId: number;
  /** 0: everything is named, and a new session begins. */
  readonly sessionEpoch: number;
  readonly topics: readonly AskedTopic[];
  readonly forgottenTopics: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
};
export type SessionAnswer = { readonly errorCode: number; readonly sessionId: number };

const first = 0;
const lastEpoch = 0x7fffffff;

export function createFetchSession() {
  let sessionId = 0;
  let epoch = first;
  let told = new Map<string, AskedPartition>();

  const begin = (): void => {
    epoch = first;
    told = new Map();
  };

  return {
    /** What to send to be answered for all of `topics`. */
    request(topics: readonly AskedTopic[]): SessionRequest {
      const asked = new Map<string, AskedPartition>();
      const news = topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.filter((one) => {
          const name = nameOf(topic, one.partition);
          asked.set(name, one);
          return !isSame(told.get(name), one);
        }),
      }));
      const gone = [...told].flatMap(([name, { partition }]) => (asked.has(name) ? [] : [{ topic: topicOf(name), partition }]));
      told = asked;
      return {
        sessionId,
        sessionEpoch: epoch,
        topics: news.filter(({ partitions }) => partitions.length > 0),
        forgottenTopics: gone.map(({ topic, partition }) => ({ topic, partitions: [partition] })),
      };
    },
    /** The broker kept up with us, unless it says that it does not know the session. */
    answered(answer: SessionAnswer): void {
      sessionId = answer.sessionId;
      if (answer.errorCode !== 0 || sessionId === 0) begin();
      else epoch = epoch === lastEpoch ? 1 : epoch + 1;
    },
    /** No answer, or one that reports a partition's error: where the broker stands is not known. */
    failed: begin,
  };
}

const nameOf = (topic: string, partition: number): string => `${partition}:${topic}`;
const topicOf = (name: string): string => name.slice(name.indexOf(':') + 1);

const isSame = (told: AskedPartition | undefined, now: AskedPartition): boolean =>
  told !== undefined && told.fetchOffset === now.fetchOffset && told.maxBytes === now.maxBytes;
