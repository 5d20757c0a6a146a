export * from './create-codecs.ts';
export * from './registry-client.ts';
export * from './types.ts';
