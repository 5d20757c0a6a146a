/** Metrics of alerts, as data. No label ever names a patient or a result. */
import { defineMetrics } from '@clinstream/runtime/telemetry';

export const alertMetrics = defineMetrics({
  raised: {
    kind: 'counter',
    name: 'clinstream_sync_alerts_raised_total',
    help: 'Alerts raised, by kind.',
    labels: ['kind'],
  },
  tooOld: {
    kind: 'counter',
    name: 'clinstream_sync_alerts_too_old_total',
    help: 'Occasions for an alert that stood in the log for longer than alerts look back: none was raised.',
    labels: ['kind'],
  },
  escalated: {
    kind: 'counter',
    name: 'clinstream_sync_alerts_escalated_total',
    help: 'Steps of escalation, by kind.',
    labels: ['kind'],
  },
  open: {
    kind: 'gauge',
    name: 'clinstream_sync_alerts_open',
    help: 'Alerts of all instances that nobody has acknowledged.',
  },
  oldest: {
    kind: 'gauge',
    name: 'clinstream_sync_alerts_oldest_open_seconds',
    help: 'Age of the oldest alert that nobody has acknowledged.',
  },
});
