/**
 * What a person must see (facts 6.5, 6.6 and critical values). In: what is known and one event; out: what is raised, what no longer holds. Pure.
 *
 *   critical value    OBX-8 HH or LL on a final, amended or corrected result. Told once per value: the same value told again, in whatever
 *                     message, raises nothing. Another telling that outranks it takes its place: the former alert then says that it no
 *                     longer holds (and stays until somebody has seen it), and a value that is critical itself raises one of its own.
 *   cancel_refused    the laboratory could not cancel an order.
 *   specimen_rejected the laboratory cannot use a specimen.
 *   delivery          a delivery ended with a target's refusal, or needs review; no longer holds once it is delivered.
 */
import {
  type AlertKind,
  type DeliveryEvent,
  deterministicId,
  type ObservationEvent,
  type ObservationStatus,
  type OrderEvent,
  observationRank,
  type SubjectKind,
  sha256,
} from '@clinstream/contracts';

export type Alert = {
  readonly alertId: string;
  readonly patientKey: string;
  readonly kind: AlertKind;
  readonly subjectKind: SubjectKind;
  readonly subjectId: string;
};

/** The last telling of a result that counted, as far as alerts need it. */
export type Watched = {
  readonly observationId: string;
  readonly sourceVersion: number;
  readonly weight: number;
  /** Which value is critical; null when none is. */
  readonly occasion: string | null;
  readonly alertId: string | null;
};

export type Consequences = {
  readonly watched: Watched;
  readonly raised: Alert | null;
  /** Alert that no longer holds. */
  readonly superseded: string | null;
};

/** Null when the event is no news: its rank is that of what is known, or lower. */
export function alertsFor(before: Watched | null, event: ObservationEvent): Consequences | null {
  const [sourceVersion, weight] = observationRank(event);
  if (event.type === 'Unknown' || (before !== null && isOlder([sourceVersion, weight], before))) return null;
  const standing: Watched = { ...(before ?? nothing(event)), sourceVersion, weight };
  // A preliminary value says nothing for sure, neither that there is danger nor that there is none.
  if (!isSettled(event.status)) return { watched: standing, raised: null, superseded: null };
  const occasion = isCritical(event) ? sha256(JSON.stringify([event.value, event.abnormalFlag])) : null;
  if (occasion === standing.occasion) return { watched: standing, raised: null, superseded: null };
  const raised = occasion === null ? null : criticalAlert(event);
  return {
    watched: { ...standing, occasion, alertId: raised?.alertId ?? null },
    raised,
    superseded: standing.alertId,
  };
}

const nothing = ({ observationId }: ObservationEvent): Watched => ({
  observationId,
  sourceVersion: 0,
  weight: 0,
  occasion: null,
  alertId: null,
});

const isOlder = ([sourceVersion, weight]: readonly [number, number], before: Watched): boolean =>
  sourceVersion < before.sourceVersion || (sourceVersion === before.sourceVersion && weight <= before.weight);

const unsettled: readonly ObservationStatus[] = ['unknown', 'registered', 'preliminary'];
const isSettled = (status: ObservationStatus): boolean => !unsettled.includes(status);

const reported: readonly ObservationStatus[] = ['final', 'amended', 'corrected'];
/** HL7 table 0078: below or above panic limits. */
const panic: readonly (string | null)[] = ['HH', 'LL'];
export const isCritical = ({ status, abnormalFlag }: Pick<ObservationEvent, 'status' | 'abnormalFlag'>): boolean =>
  reported.includes(status) && panic.includes(abnormalFlag);

const criticalAlert = ({ observationId, patientKey, sourceVersion, status }: ObservationEvent): Alert => ({
  alertId: deterministicId('alert', 'critical_value', observationId, String(sourceVersion), status),
  patientKey,
  kind: 'critical_value',
  subjectKind: 'observation',
  subjectId: observationId,
});

/** `eventId` names the occasion: the same fact told again is the same alert. */
export function alertOfOrder({ type, orderId, patientKey }: OrderEvent, eventId: string): Alert | null {
  const kind = type === 'OrderCancelRefused' ? 'cancel_refused' : type === 'OrderSpecimenRejected' ? 'specimen_rejected' : null;
  if (kind === null) return null;
  const alertId = deterministicId('alert', kind, orderId, eventId);
  return { alertId, patientKey, kind, subjectKind: 'order', subjectId: orderId };
}

/** What a delivery's outcome means for the alerts of its subject in that target. */
export function alertOfDelivery(event: DeliveryEvent): { readonly raised: Alert } | { readonly over: string } | null {
  const { target, subjectKind, subjectId, revision } = event;
  // Its target is part of who the alert is about: one may be delivered while the other is not.
  if (event.type === 'DeliveryDelivered') return { over: deliverySubject(event) };
  if (event.type !== 'DeliveryRejected' && event.type !== 'DeliveryNeedsReview') return null;
  const alertId = deterministicId('alert', 'delivery', target, subjectKind, subjectId, String(revision));
  return { raised: { alertId, patientKey: event.patientKey ?? subjectId, kind: 'delivery', subjectKind, subjectId } };
}

export const deliverySubject = ({ target, subjectKind, subjectId }: DeliveryEvent): string =>
  `${target} ${subjectKind} ${subjectId}`;

/** A delivery waits in a list until somebody comes; a patient cannot. */
export const escalates = (kind: AlertKind): boolean => kind !== 'delivery';
