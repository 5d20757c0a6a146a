/** Test only: the adapter against a port, with settings a test may change. */
import { createSilentTelemetry, type Telemetry } from '@clinstream/runtime/telemetry';
import type { Target } from '../../../delivery/target.ts';
import type { LisChannel } from '../../../domain/lis/channel.ts';
import { testChannel } from '../../../domain/lis/test-support.ts';
import type { ClientOptions } from '../client.ts';
import { createMllpLisTarget } from '../target.ts';

export type Changes = {
  readonly client?: Partial<ClientOptions>;
  readonly channel?: Partial<LisChannel>;
  readonly charset?: 'UNICODE UTF-8' | 'KS X 1001' | 'ASCII';
};

export function targetFor(
  port: number,
  { client, channel, charset = 'UNICODE UTF-8' }: Changes = {},
  telemetry: Telemetry = createSilentTelemetry(),
): Target {
  return createMllpLisTarget(
    {
      client: {
        host: '127.0.0.1',
        port,
        tls: null,
        lanes: 1,
        connection: 'keep',
        connectTimeoutMs: 2_000,
        replyTimeoutMs: 250,
        maxReplyBytes: 10_000,
        ...client,
      },
      settings: { channel: { ...testChannel, charset, ...channel }, charset, retryAfterMs: 10 },
    },
    { telemetry },
  );
}
