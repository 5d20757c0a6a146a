/** The kinds of events the sink stores beside AI jobs, and which topic carries what. */
import {
  type AlertEvent,
  type AlertState,
  type DeliveryEvent,
  type DeliveryState,
  deliveryIdOf,
  lanes,
  type MessageEvent,
  type ObservationEvent,
  type OrderEvent,
  type OrderState,
  type PatientEvent,
  reduceAlert,
  reduceDelivery,
  reduceOrder,
  type Topic,
  topics,
} from '@clinstream/contracts';
import { type MessageState, reduceMessage } from '../domain/message.ts';
import { reduceStoredObservation, type StoredObservation } from '../domain/stored-observation.ts';
import { reduceStoredPatient, type StoredPatient } from '../domain/stored-patient.ts';
import { alertFromRow, alerts } from './alert-table.ts';
import { deliveries, deliveryFromRow } from './delivery-table.ts';
import { messageFromRow, messages } from './message-table.ts';
import { observationFromRow, observations } from './observation-table.ts';
import { orderFromRow, orders } from './order-table.ts';
import { patientFromRow, patients } from './patient-table.ts';
import type { Kind } from './write-kind.ts';

export const orderKind: Kind<OrderState, OrderEvent> = {
  table: orders,
  keyOf: (event) => event.orderId,
  fromRow: orderFromRow,
  reduce: reduceOrder,
};
export const observationKind: Kind<StoredObservation, ObservationEvent> = {
  table: observations,
  keyOf: (event) => event.observationId,
  fromRow: observationFromRow,
  reduce: reduceStoredObservation,
};
export const patientKind: Kind<StoredPatient, PatientEvent> = {
  table: patients,
  keyOf: (event) => event.patientKey,
  fromRow: patientFromRow,
  reduce: reduceStoredPatient,
};
export const messageKind: Kind<MessageState, MessageEvent> = {
  table: messages,
  keyOf: (event) => event.messageId,
  fromRow: messageFromRow,
  reduce: reduceMessage,
};
export const deliveryKind: Kind<DeliveryState, DeliveryEvent> = {
  table: deliveries,
  keyOf: deliveryIdOf,
  fromRow: deliveryFromRow,
  reduce: reduceDelivery,
};
export const alertKind: Kind<AlertState, AlertEvent> = {
  table: alerts,
  keyOf: (event) => event.alertId,
  fromRow: alertFromRow,
  reduce: reduceAlert,
};

/** Everything the sink reads. */
export const sinkTopics: readonly Topic[] = [
  topics.patients,
  topics.orders,
  topics.observations,
  topics.messages,
  topics.progress,
  ...lanes.map((lane) => topics.requests[lane]),
  ...lanes.map((lane) => topics.results[lane]),
  topics.reviews,
  topics.deliveries,
  topics.alerts,
];
