/** What the FHIR side counts beside sync's own metrics. */
import { defineMetrics, secondsBuckets } from '@clinstream/runtime/telemetry';

export const fhirMetrics = defineMetrics({
  requestSeconds: {
    kind: 'histogram',
    name: 'clinstream_fhir_request_seconds',
    help: 'Requests to the FHIR server by what was asked and the class of the answer; `none` is no answer.',
    labels: ['operation', 'status'],
    buckets: secondsBuckets,
  },
  resources: {
    kind: 'counter',
    name: 'clinstream_fhir_resources_total',
    help: 'Resources rendered: written, or left out because the server holds that content.',
    labels: ['outcome'],
  },
  conflicts: {
    kind: 'counter',
    name: 'clinstream_fhir_conflicts_total',
    help: 'Transactions refused because somebody else was faster (409, 412): looked up and sent again.',
  },
  splits: {
    kind: 'counter',
    name: 'clinstream_fhir_splits_total',
    help: 'Transactions halved to find the one that the server does not take.',
  },
  polled: {
    kind: 'counter',
    name: 'clinstream_fhir_polled_total',
    help: 'Versions of resources read by the poller: published as an event, ours, of no concern, or parked as unusable.',
    labels: ['outcome'],
  },
  pollParked: {
    kind: 'gauge',
    name: 'clinstream_fhir_poll_parked',
    help: 'Orders made in the FHIR server that stand parked as unusable (sync.polled_resources). Any is an alarm.',
  },
  pollFailures: {
    kind: 'counter',
    name: 'clinstream_fhir_poll_failures_total',
    help: 'Looks at the FHIR server that ended early, by code; the cursor stands where it was.',
    labels: ['error_code'],
  },
  pollCursor: {
    kind: 'gauge',
    name: 'clinstream_fhir_poll_cursor_seconds',
    help: 'Time up to which orders made in the FHIR server have been read, in seconds since 1970, by resource type.',
    labels: ['kind'],
  },
});
