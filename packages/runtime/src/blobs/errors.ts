/** What can go wrong with blobs, as data: docs/errors.md is generated from it. */
import { catalogued, type ErrorCatalogueEntry } from '../errors/catalogue.ts';

const { dependency, poison } = catalogued;

export const blobErrors = {
  BLOB_REF_INVALID: poison('This is no blob reference.', 'A reference is sha256: and 64 hex digits; find who wrote this one.'),
  BLOB_NOT_FOUND: poison(
    'No such blob is kept here.',
    'Check that all services share BLOB_DIR; restore the file from its backup.',
  ),
  BLOB_CORRUPT: poison('The bytes kept are not what was put.', 'Restore the file from its backup; check the disk.'),
  BLOB_STORE_FULL: dependency('There is no room left in BLOB_DIR.', 'Free some; everything waits meanwhile.'),
  BLOB_STORE_UNAVAILABLE: dependency('BLOB_DIR cannot be used.', 'Check that it exists and that the service may write to it.'),
} as const satisfies Readonly<Record<string, ErrorCatalogueEntry>>;

export type BlobErrorCode = keyof typeof blobErrors;
