export * from './classify-error.ts';
export * from './create-postgres.ts';
export * from './errors.ts';
export * from './metrics.ts';
export * from './types.ts';
