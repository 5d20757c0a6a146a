export * from './admin.ts';
export * from './create-kafka.ts';
export * from './read-topics.ts';
export * from './types.ts';
