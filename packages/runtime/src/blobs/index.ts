export * from './file-blob-store.ts';
export * from './types.ts';
