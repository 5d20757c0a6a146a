export * from './create-batch-consumer.ts';
export * from './create-event-consumer.ts';
export * from './metrics.ts';
export * from './types.ts';
