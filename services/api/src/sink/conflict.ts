/** A row was not as the flush believed. The flush is rolled back and done again, reading what is really there. Never leaves the sink. */
export class SinkConflict extends Error {
  constructor(cause?: unknown) {
    super('a row changed since it was read', { cause });
    this.name = 'SinkConflict';
  }
}
