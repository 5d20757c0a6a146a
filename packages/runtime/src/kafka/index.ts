export * from './admin.ts';
export * from './create-kafka.ts';
export * from './types.ts';
