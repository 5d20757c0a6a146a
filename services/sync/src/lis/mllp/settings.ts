/** What the adapter is told of one laboratory: the agreement the rules need, and how its texts are encoded. */
import type { Charset } from '@clinstream/runtime/mllp';
import type { LisChannel } from '../../domain/lis/channel.ts';

export type LisSettings = {
  readonly channel: LisChannel;
  readonly charset: Charset;
  /** After an answer that says "not now". */
  readonly retryAfterMs: number;
};
