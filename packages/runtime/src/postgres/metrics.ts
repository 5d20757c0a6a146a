import { defineMetrics, secondsBuckets } from '../telemetry/metric-definitions.ts';

export const postgresMetrics = defineMetrics({
  up: { kind: 'gauge', name: 'clinstream_postgres_up', help: '1 while PostgreSQL answers, else 0.' },
  querySeconds: {
    kind: 'histogram',
    name: 'clinstream_postgres_query_seconds',
    help: 'Time of one statement or transaction, waiting for a connection included.',
    labels: ['kind'],
    buckets: secondsBuckets,
  },
  errors: {
    kind: 'counter',
    name: 'clinstream_postgres_errors_total',
    help: 'Failed statements and transactions by error code.',
    labels: ['error_code'],
  },
  connections: {
    kind: 'gauge',
    name: 'clinstream_postgres_connections',
    help: 'Connections of the pool by state; `waiting` counts callers without one.',
    labels: ['state'],
  },
});
