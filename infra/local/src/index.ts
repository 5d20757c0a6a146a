export { type DeployOptions, type DeployResult, defaultPartitions, deploy, deployTopics } from './deploy.ts';
export { type Broker, type KafkaHandle, type KafkaOptions, startKafka } from './kafka.ts';
export { migrate } from './migrate.ts';
export { freePorts, isPortFree } from './ports.ts';
export { type PostgresHandle, type PostgresOptions, startPostgres } from './postgres.ts';
export { startRegistry } from './registry/index.ts';
export { registerSchemas } from './schemas.ts';
export { diesWithParent, isAlive } from './server-process.ts';
export { type WaitOptions, waitFor } from './wait.ts';
