/** The MLLP door of ingest: what app.ts wires. */
export { type Channel, type ChannelsRead, parseChannels } from './channel-settings.ts';
export { mllpMetrics } from './metrics.ts';
export { createMllpListener, type MllpListener, type MllpListenerOptions } from './mllp-listener.ts';
export type { OrderReservations } from './placements.ts';
export type { ReceiverDeps } from './receive.ts';
