/** What ingest's HTTP door counts. Labels have few, known values: never a client, a model input or a key. */
import { defineMetrics, secondsBuckets } from '@clinstream/runtime/telemetry';

export const ingestMetrics = defineMetrics({
  accepted: {
    kind: 'counter',
    name: 'clinstream_ingest_accepted_total',
    help: 'Requests and batch lines answered as accepted, after the log confirmed them',
    labels: ['operation'],
  },
  refused: {
    kind: 'counter',
    name: 'clinstream_ingest_refused_total',
    help: 'Requests and batch lines refused, by the code told to the sender; what the schema or the token refuses is counted by the HTTP server',
    labels: ['operation', 'error_code'],
  },
  acceptSeconds: {
    kind: 'histogram',
    name: 'clinstream_ingest_accept_seconds',
    help: 'From a parsed request to its confirmation by the log',
    labels: ['operation'],
    buckets: secondsBuckets,
  },
  reservations: {
    kind: 'counter',
    name: 'clinstream_ingest_reservations_total',
    help: 'Idempotency keys looked up, by whether they were new, repeated or taken by other content',
    labels: ['outcome'],
  },
  batches: {
    kind: 'gauge',
    name: 'clinstream_ingest_batches_running',
    help: 'Batches under way',
  },
});
