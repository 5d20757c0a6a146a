/**
 * One alert as a pure reducer: raised once, escalated while nobody answers, acknowledged for good.
 *
 *   raised (level 0) ──escalated──> level 1, 2, … ──acknowledged──> acknowledged
 *
 * Promise: the order and number of deliveries do not matter, apart from `version`; the level is the highest told, also one told late;
 * of two acknowledgements the earlier counts. Held as given: all events of an alert name the same patient, kind and subject.
 */
import type { AlertEvent, AlertKind, SubjectKind } from '../generated/types.ts';

export type AlertState = {
  readonly alertId: string;
  readonly patientKey: string;
  readonly kind: AlertKind;
  readonly subjectKind: SubjectKind;
  readonly subjectId: string;
  readonly status: 'open' | 'acknowledged';
  readonly level: number;
  /** What raised it no longer holds: a corrected value is not critical. It stays open until somebody has seen it. */
  readonly superseded: boolean;
  /** The earliest moment any of its events names. */
  readonly raisedAt: number;
  readonly acknowledgedBy: string | null;
  readonly acknowledgedAt: number | null;
  readonly version: number;
};

/** The state after one more event; the very same object when the event changes nothing. */
export function reduceAlert(state: AlertState | null, event: AlertEvent): AlertState | null {
  if (event.type === 'Unknown') return state;
  const before = state ?? firstState(event);
  const next: AlertState = {
    ...before,
    level: Math.max(before.level, event.level),
    superseded: before.superseded || event.type === 'AlertSuperseded',
    raisedAt: Math.min(before.raisedAt, event.at),
    ...(event.type === 'AlertAcknowledged' ? acknowledgement(before, event) : {}),
  };
  return state !== null && isSame(state, next) ? state : { ...next, version: before.version + 1 };
}

const firstState = (event: AlertEvent): AlertState => ({
  alertId: event.alertId,
  patientKey: event.patientKey,
  kind: event.kind,
  subjectKind: event.subjectKind,
  subjectId: event.subjectId,
  status: 'open',
  level: 0,
  superseded: false,
  raisedAt: event.at,
  acknowledgedBy: null,
  acknowledgedAt: null,
  version: 0,
});

/** The earlier one; of one moment the name that sorts first. */
function acknowledgement({ acknowledgedAt, acknowledgedBy }: AlertState, { by, at }: AlertEvent): Partial<AlertState> {
  const isFirst =
    acknowledgedAt === null || at < acknowledgedAt || (at === acknowledgedAt && (by ?? '') < (acknowledgedBy ?? ''));
  return isFirst ? { status: 'acknowledged', acknowledgedBy: by, acknowledgedAt: at } : {};
}

const isSame = (a: AlertState, b: AlertState): boolean =>
  a.level === b.level &&
  a.superseded === b.superseded &&
  a.raisedAt === b.raisedAt &&
  a.acknowledgedAt === b.acknowledgedAt &&
  a.acknowledgedBy === b.acknowledgedBy;
