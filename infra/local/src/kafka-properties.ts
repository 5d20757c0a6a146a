/** server.properties of an embedded broker: KRaft combined mode, loopback, sized for one machine. */
import { join } from 'node:path';

export type KafkaPropertiesInput = {
  readonly id: number;
  readonly ids: readonly number[];
  readonly port: number;
  readonly firstPort: number;
  readonly dir: string;
  readonly extra: Readonly<Record<string, string | number>>;
};

/** Broker n (from 1) listens on firstPort + 2(n-1), its controller one above. */
export function kafkaProperties({ id, ids, port, firstPort, dir, extra }: KafkaPropertiesInput): string {
  const replicas = ids.length;
  const inSync = replicas > 1 ? 2 : 1;
  const voters = ids.map((voter) => `${voter}@127.0.0.1:${firstPort + 2 * (voter - 1) + 1}`).join(',');
  const properties: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': id,
    // Static voters, not the dynamic quorum: the address comes from this file alone, so a data folder can be started on other ports.
    'controller.quorum.voters': voters,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${port + 1}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(dir, 'data'),
    'auto.create.topics.enable': 'false',
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    'share.coordinator.state.topic.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    'broker.heartbeat.interval.ms': 500,
    'broker.session.timeout.ms': 3000,
    'group.min.session.timeout.ms': 1000,
    // Small: the defaults reserve 128 MB of heap for the cleaner and 10 MB of index per segment.
    'log.cleaner.dedupe.buffer.size': 4_194_304,
    'log.index.size.max.bytes': 1_048_576,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'num.recovery.threads.per.data.dir': 2,
    ...extra,
  };
  return `${Object.entries(properties)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}

/** slf4j-simple: warnings and errors only, with a time. */
export const logProperties: readonly string[] = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS',
];
