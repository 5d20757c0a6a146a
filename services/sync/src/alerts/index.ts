/** What the laboratory role wires: the observer goes into its intake, the escalator runs beside it (ADR 0013). */
export { type AlertsConfig, alertsConfig } from './config.ts';
export { createEscalator, type Escalator } from './escalator.ts';
export { createAlertObserver } from './observe.ts';
