/**
 * Lets kafkajs fetch in sessions. kafkajs 2.2.4 names every partition in every fetch and is answered about each: for a group of many topics
 * at a low rate that was a fifth of what the consumer and a third of what the broker did (ADR 0017). It can encode what a session needs and
 * never uses it. `install` must come before the first fetch; where kafkajs has no such function to replace, it changes nothing.
 */
import { type AskedTopic, createFetchSession, type SessionAnswer } from './fetch-session.ts';
import { replaceMethod } from './kafkajs-insides.ts';

type Asked = { readonly topics: readonly AskedTopic[] };
type MakeRequest = (options: object) => object;
type Lookup = (apiKey: number, definition: object) => MakeRequest;
type Broker = { lookupRequest: Lookup; fetch(asked: Asked): Promise<SessionAnswer> };

const brokerModule = 'kafkajs/src/broker/index.js';

/** True when kafkajs now fetches in sessions. */
export const installFetchSessions = (): boolean => replaceMethod<Broker, 'fetch'>(brokerModule, 'fetch', inSession);

function inSession(fetch: Broker['fetch']) {
  const sessions = new WeakMap<Broker, ReturnType<typeof createFetchSession>>();
  return async function (this: Broker, asked: Asked): Promise<SessionAnswer> {
    const session = sessions.get(this) ?? createFetchSession();
    sessions.set(this, session);
    const { topics, ...rest } = session.request(asked.topics);
    try {
      const answer = await withMore(this, rest, () => fetch.call(this, { ...asked, topics }));
      session.answered(answer);
      return answer;
    } catch (error) {
      session.failed();
      throw error;
    }
  };
}

/** kafkajs looks the request up and makes it before it waits for anything. */
function withMore<T>(broker: Broker, more: object, send: () => T): T {
  const { lookupRequest } = broker;
  broker.lookupRequest = (apiKey, definition) => {
    const make = lookupRequest(apiKey, definition);
    return (options) => make({ ...options, ...more });
  };
  try {
    return send();
  } finally {
    broker.lookupRequest = lookupRequest;
  }
}
