/**
 * kafkajs's producer reduced to one question: append these records to this partition. Guards design 7: one partition per send, so that a
 * leader move can lose nothing; a response that lacks the partition is a failure; acks=-1, not idempotent, no hidden partitioner.
 */
import type { Message } from 'kafkajs';
import { classify, runtimeError } from '../errors/classify.ts';
import { createAdmin } from '../kafka/admin.ts';
import type { KafkaConnection } from '../kafka/types.ts';
import { installFastRecords } from './fast-record.ts';

export type Transport = {
  /** Base offset of the appended records. Rejects with AppError; then they may still have been appended. One try. */
  send(topic: string, partition: number, messages: Message[]): Promise<number>;
  partitionCount(topic: string): Promise<number>;
  /** Resolves when the cluster answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
};

export function createTransport(kafka: KafkaConnection): Transport {
  installFastRecords();
  const producer = kafka.client().producer({
    idempotent: false,
    allowAutoTopicCreation: false,
    retry: { retries: 0 },
    createPartitioner: () => partitionWeChose,
  });
  const admin = createAdmin(kafka);
  let connecting: Promise<void> | null = null;
  const connected = (): Promise<void> => {
    connecting ??= producer.connect().catch((error: unknown) => {
      connecting = null;
      throw error;
    });
    return connecting;
  };
  return {
    async send(topic, partition, messages) {
      try {
        await connected();
        const answers = await producer.send({ topic, messages, acks: -1 });
        return baseOffsetOf(answers, topic, partition);
      } catch (error) {
        throw classify(error, 'publish');
      }
    },
    partitionCount: async (topic) => (await admin.partitionCounts([topic])).get(topic) ?? 0,
    async ping() {
      await admin.clusterId();
      await connected().catch((error: unknown) => {
        throw classify(error, 'publish');
      });
    },
    async close() {
      await Promise.allSettled([producer.disconnect(), admin.close()]);
    },
  };
}

const partitionWeChose = ({ message }: { readonly message: Message }): number => message.partition ?? 0;

type Answer = { readonly topicName: string; readonly partition: number; readonly baseOffset?: string };

/** kafkajs resolves with nothing when it knows no leader: without our partition in the answer nothing was confirmed. */
export function baseOffsetOf(answers: readonly Answer[], topic: string, partition: number): number {
  const answer = answers.find((one) => one.topicName === topic && one.partition === partition);
  const offset = Number(answer?.baseOffset ?? -1);
  if (offset >= 0) return offset;
  throw runtimeError('KAFKA_UNAVAILABLE', 'publish', {
    message: `Kafka’s answer does not confirm ${topic} partition ${partition}`,
  });
}
