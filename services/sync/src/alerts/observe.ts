/**
 * Alerts as the laboratory group's intake sees their occasions: in its transaction, so that each occasion raises one alert or none was taken in.
 * In: results, orders, deliveries and acknowledgements; out: rows of sync.alerts and, with them, the events to be published.
 *
 * Promise: one alert per occasion, whatever is told again, late, or replayed. What has stood in the log for longer than `maxAgeMs` raises none: a first
 * start on a log of years must not call people to results of last winter; it is counted.
 */
import {
  type AlertEvent,
  type DeliveryEvent,
  type ObservationEvent,
  type ObservationState,
  type OrderEvent,
  observationRank,
  topics,
} from '@clinstream/contracts';
import type { DecodedRecord } from '@clinstream/runtime/pipeline';
import type { Transaction } from '@clinstream/runtime/postgres';
import { createMetrics, type Telemetry } from '@clinstream/runtime/telemetry';
import {
  type Alert,
  alertOfDelivery,
  alertOfOrder,
  alertsFor,
  deliverySubject,
  escalates,
  type Watched,
} from '../domain/alerts.ts';
import type { IntakeObserver } from '../intake/observer.ts';
import type { AlertsConfig } from './config.ts';
import { alertMetrics } from './metrics.ts';
import { acknowledge, loadStates, loadWatched, raise, saveWatched, supersede } from './sql.ts';

export const maxAgeMs = 3 * 24 * 60 * 60_000;

export type ObserveDeps = { readonly telemetry: Telemetry };

export function createAlertObserver({ escalationMs }: AlertsConfig, { telemetry }: ObserveDeps): IntakeObserver {
  const metrics = createMetrics(telemetry.registry, alertMetrics);

  async function raiseOne(tx: Transaction, alert: Alert, loggedAt: number, delivery: string | null = null): Promise<void> {
    const { kind } = alert;
    const now = telemetry.clock.now();
    if (now - loggedAt > maxAgeMs) {
      metrics.tooOld.labels({ kind }).inc();
      return;
    }
    const row = await raise(tx, { alert, at: now, escalateAt: escalates(kind) ? now + escalationMs : null, delivery });
    if (row !== null) metrics.raised.labels({ kind }).inc();
  }

  async function observeResults(tx: Transaction, records: readonly Seen<ObservationEvent>[]): Promise<void> {
    const ids = [...new Set(records.map(({ event }) => event.observationId))];
    const states = await loadStates<ObservationState>(tx, ids);
    const watched = new Map(await loadWatched(tx, ids));
    const changed = new Map<string, Watched>();
    for (const { event, timestamp } of records) {
      if (!isTaken(event, states.get(event.observationId))) continue;
      const consequences = alertsFor(watched.get(event.observationId) ?? null, event);
      if (consequences === null) continue;
      watched.set(event.observationId, consequences.watched);
      changed.set(event.observationId, consequences.watched);
      if (consequences.superseded !== null)
        await supersede(tx, { alertIds: [consequences.superseded], deliveries: [] }, telemetry.clock.now());
      if (consequences.raised !== null) await raiseOne(tx, consequences.raised, timestamp);
    }
    await saveWatched(tx, [...changed.values()]);
  }

  async function observeDelivery(tx: Transaction, { event, timestamp }: Seen<DeliveryEvent>): Promise<void> {
    const means = alertOfDelivery(event);
    if (means === null) return;
    if ('over' in means) await supersede(tx, { alertIds: [], deliveries: [means.over] }, telemetry.clock.now());
    else await raiseOne(tx, means.raised, timestamp, deliverySubject(event));
  }

  async function observeOther(tx: Transaction, record: DecodedRecord): Promise<void> {
    if (record.topic === topics.deliveries) await observeDelivery(tx, record as Seen<DeliveryEvent>);
    if (record.topic !== topics.orders) return;
    const alert = alertOfOrder(record.event as OrderEvent, record.envelope.eventId);
    if (alert !== null) await raiseOne(tx, alert, record.timestamp);
  }

  return {
    topics: [topics.observations, topics.orders, topics.deliveries, topics.alerts],
    async apply(tx, records) {
      // What was acknowledged is not raised again, should both come in one batch.
      for (const { topic, event } of records) if (topic === topics.alerts) await observeAlert(tx, event as AlertEvent);
      const results = records.filter((record) => record.topic === topics.observations);
      if (results.length > 0) await observeResults(tx, results as readonly Seen<ObservationEvent>[]);
      for (const record of records) await observeOther(tx, record);
    },
  };
}

const observeAlert = async (tx: Transaction, event: AlertEvent): Promise<void> => {
  if (event.type === 'AlertAcknowledged') await acknowledge(tx, event);
};

type Seen<E> = { readonly event: E; readonly timestamp: number };

/** An event the intake knew by its id keeps its former effect, under whatever newer time it comes: what outranks the state was not taken. */
function isTaken(event: ObservationEvent, state: ObservationState | undefined): boolean {
  if (state === undefined) return false;
  const [version, weight] = observationRank(event);
  const [ofState, weightOfState] = observationRank(state);
  return version < ofState || (version === ofState && weight <= weightOfState);
}
