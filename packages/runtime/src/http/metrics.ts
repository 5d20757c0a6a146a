import { defineMetrics, secondsBuckets } from '../telemetry/metric-definitions.ts';

export const httpMetrics = defineMetrics({
  requestSeconds: {
    kind: 'histogram',
    name: 'clinstream_http_request_seconds',
    help: 'Time from the request to its answer. `route` is the template, never the path asked for; long polls and streams included.',
    labels: ['route', 'method', 'status'],
    buckets: secondsBuckets,
  },
  inFlight: { kind: 'gauge', name: 'clinstream_http_in_flight', help: 'Requests being answered.' },
  problems: {
    kind: 'counter',
    name: 'clinstream_http_problems_total',
    help: 'Answers that are no success, by problem code.',
    labels: ['error_code'],
  },
});
