export * from './fragments.ts';
export * from './read-config.ts';
export * from './secret.ts';
export * from './variables.ts';
