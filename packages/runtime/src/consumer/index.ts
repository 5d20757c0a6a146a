export * from './assignment.ts';
export * from './metrics.ts';
export * from './types.ts';
