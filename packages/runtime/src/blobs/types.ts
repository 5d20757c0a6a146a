/** The claim check: bytes too large or too raw for an event are kept here and referred to. */

/** `sha256:<64 hex digits>`: a reference names its content, so it can be checked and never means something else later. */
export type BlobRef = string;

export type BlobStore = {
  /**
   * Resolves once the bytes are on disk for good. Idempotent: the same bytes are the same reference and kept once.
   * Rejects with AppError BLOB_STORE_UNAVAILABLE (retryable/dependency), BLOB_STORE_FULL too when no room is left.
   */
  put(bytes: Uint8Array): Promise<BlobRef>;
  /**
   * The bytes, checked against their digest. Rejects with BLOB_REF_INVALID, BLOB_NOT_FOUND, BLOB_CORRUPT (poison) or
   * BLOB_STORE_UNAVAILABLE (retryable/dependency).
   */
  get(ref: BlobRef): Promise<Buffer>;
};
