import { defineMetrics } from '../telemetry/metric-definitions.ts';

export const lifecycleMetrics = defineMetrics({
  state: {
    kind: 'gauge',
    name: 'clinstream_service_state',
    help: '1 for the run state the service is in, 0 for the others.',
    labels: ['state'],
  },
  componentReady: {
    kind: 'gauge',
    name: 'clinstream_component_ready',
    help: '1 while the component and what it depends on can work, else 0.',
    labels: ['component'],
  },
});
