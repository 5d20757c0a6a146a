/** Settings of alerts, a fragment of the service's configuration. */
import { group, integer } from '@clinstream/runtime/config';

export type AlertsConfig = {
  /** From raising to the first escalation, and from each to the next. */
  readonly escalationMs: number;
};

export const alertsConfig = group(
  {
    escalationMinutes: integer('ALERT_ESCALATION_MINUTES', {
      meaning: 'how long an alert waits for a person before it is told again, one level higher',
      default: 15,
      min: 1,
      max: 1_440,
    }),
  },
  ({ escalationMinutes }): AlertsConfig => ({ escalationMs: escalationMinutes * 60_000 }),
);
