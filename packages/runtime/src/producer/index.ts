export * from './create-event-producer.ts';
export * from './envelope-headers.ts';
export * from './metrics.ts';
export * from './murmur2.ts';
export * from './types.ts';
