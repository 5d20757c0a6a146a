/**
 * Who goes first when more waits than can be sent: patients with something urgent are claimed as if they had waited this much longer. So what
 * is urgent overtakes a backlog, and a backlog older than this overtakes what is urgent: nobody waits for ever. Pure.
 */
import type { Priority } from '@clinstream/contracts';
import type { Subject } from './subject.ts';

const day = 86_400_000;
/** Longer than any outage one wants to survive. */
const ofPriority: Readonly<Record<Priority, number>> = {
  unknown: 0,
  routine: 0,
  urgent: 15 * day,
  asap: 30 * day,
  stat: 30 * day,
};
/** Table 0078: beyond the limits at which somebody must be called. */
const criticalFlags: readonly (string | null)[] = ['HH', 'LL'];

export function headStartMs(subject: Subject): number {
  switch (subject.kind) {
    case 'patient':
      return 0;
    case 'order':
    case 'analysis':
      return ofPriority[subject.state.priority];
    case 'observation':
      return criticalFlags.includes(subject.state.abnormalFlag) ? 30 * day : 0;
  }
}
