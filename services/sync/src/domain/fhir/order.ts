/**
 * An order as one request: MedicationRequest for medication, ServiceRequest for everything else. Never both: R4 leaves drugs to MedicationRequest,
 * and one order in two resources would be two orders to whoever counts, completes or cancels them.
 */
import type { OrderKind, OrderState } from '@clinstream/contracts';
import type { CodeableConcept, Identifier, MedicationRequest, Reference, ServiceRequest, Specimen } from 'fhir/r4.d.ts';
import { conceptOf, requestPriority } from './coding.ts';
import { orderConflictIssue } from './detected-issue.ts';
import { ids } from './ids.ts';
import { isMedication, orderStatuses } from './order-status.ts';
import { newestOf, orderReference, ownMeta, practitioner, subjectOf } from './parts.ts';
import { withSourceVersion } from './source-version.ts';
import { facilityOf, identifiersOf, ownCodes, systems } from './systems.ts';
import { codeOf, freeText, identifierValue, lineOf, looksLikeResidentNumber, narrative } from './text.ts';
import { dateTimeOf, instantOf } from './time.ts';
import type { FhirResource, RenderContext } from './types.ts';

export function renderOrder(order: OrderState, context: RenderContext): readonly FhirResource[] {
  const specimen = renderSpecimen(order, context);
  const request = isMedication(order) ? medicationRequest(order, context) : serviceRequest(order, context, specimen);
  const issue = order.conflicting ? [orderConflictIssue(order, request, context)] : [];
  return [...(specimen === null ? [] : [specimen]), request, ...issue].map((one) => withSourceVersion(one, orderVersion(order)));
}

/** Content is ranked by twice its source version. */
const orderVersion = (order: OrderState): number =>
  newestOf(
    Math.floor(order.contentVersion / 2),
    order.cancelRequestedVersion,
    order.cancelRefusedVersion,
    order.cancelledVersion,
    order.completedVersion,
    order.specimenRejectedVersion,
  );

const intent = 'order';

function serviceRequest(order: OrderState, context: RenderContext, specimen: Specimen | null): ServiceRequest {
  const { settings } = context;
  return {
    resourceType: 'ServiceRequest',
    id: ids.serviceRequest(order.orderId),
    meta: ownMeta(settings),
    text: orderNarrative(order, orderStatuses[order.status].request),
    status: orderStatuses[order.status].request,
    intent,
    category: categoryOf(order.kind, context),
    code: conceptOf(order.code, facilityOf(order.patientKey), settings),
    basedOn: parentOf(order, context),
    ...(specimen === null ? {} : { specimen: [{ reference: `Specimen/${specimen.id}` }] }),
    ...sharedParts(order, context),
  };
}

/** The order this one was added to. */
function parentOf({ parentOrderId, patientKey }: OrderState, { related }: RenderContext): Reference[] | undefined {
  if (related.order === null || related.order.orderId !== parentOrderId) return undefined;
  const parent = orderReference(related.order, patientKey);
  return parent === null ? undefined : [parent];
}

function medicationRequest(order: OrderState, context: RenderContext): MedicationRequest {
  const { settings } = context;
  return {
    resourceType: 'MedicationRequest',
    id: ids.medicationRequest(order.orderId),
    meta: ownMeta(settings),
    text: orderNarrative(order, orderStatuses[order.status].medication),
    status: orderStatuses[order.status].medication,
    intent,
    medicationCodeableConcept: conceptOf(order.code, facilityOf(order.patientKey), settings),
    ...sharedParts(order, context),
  };
}

function sharedParts(order: OrderState, context: RenderContext) {
  const note = freeText(order.note);
  return {
    identifier: identifiersOfOrder(order, context),
    priority: requestPriority(order.priority),
    subject: subjectOf(order.patientKey, context),
    authoredOn: instantOf(order.requestedAt),
    requester: requesterOf(order, context),
    note: note === null ? undefined : [{ text: note }],
  };
}

function requesterOf({ orderingProvider: provider, patientKey }: OrderState, { settings }: RenderContext): Reference | undefined {
  const id = identifierValue(provider?.id);
  if (provider === null || id === null || looksLikeResidentNumber(id)) return undefined;
  return practitioner(settings, 'provider', id, provider.authority ?? facilityOf(patientKey));
}

function identifiersOfOrder(
  { placerAuthority, placerNumber, fillerNumber, patientKey }: OrderState,
  { settings }: RenderContext,
) {
  return [
    ...numberOf('PLAC', identifiersOf(settings, 'placer', placerAuthority), placerNumber),
    ...numberOf('FILL', identifiersOf(settings, 'filler', facilityOf(patientKey)), fillerNumber),
  ];
}

function numberOf(code: 'PLAC' | 'FILL', system: string, number: string | null): Identifier[] {
  const value = identifierValue(number);
  return value === null ? [] : [{ type: { coding: [{ system: systems.identifierType, code }] }, system, value }];
}

const categories: Readonly<Record<OrderKind, string | null>> = {
  laboratory: 'Laboratory',
  imaging: 'Imaging',
  ai_analysis: 'AI analysis',
  medication: null,
  unknown: null,
};

function categoryOf(kind: OrderKind, { settings }: RenderContext): CodeableConcept[] | undefined {
  const text = categories[kind];
  return text === null ? undefined : [{ coding: [{ system: ownCodes(settings, 'order-kind'), code: kind }], text }];
}

/** One per order, even where orders share a tube: the number on the tube is its identifier. */
function renderSpecimen(order: OrderState, context: RenderContext): Specimen | null {
  const { specimen } = order;
  const isRejected = order.specimenRejectedVersion !== null;
  if ((specimen === null && !isRejected) || isMedication(order)) return null;
  const facility = facilityOf(order.patientKey);
  const number = identifierValue(specimen?.id);
  const collected = dateTimeOf(specimen?.collectedAt ?? null);
  return {
    resourceType: 'Specimen',
    id: ids.specimen(order.orderId),
    meta: ownMeta(context.settings),
    identifier: number === null ? undefined : [{ system: identifiersOf(context.settings, 'specimen', facility), value: number }],
    status: isRejected ? 'unsatisfactory' : undefined,
    type: specimen?.code ? conceptOf(specimen.code, facility, context.settings) : undefined,
    subject: subjectOf(order.patientKey, context),
    collection: collected === undefined ? undefined : { collectedDateTime: collected },
    condition: isRejected
      ? order.specimenRejectReasons.map((code) =>
          conceptOf({ code, system: 'HL70490', display: null }, facility, context.settings),
        )
      : undefined,
  };
}

function orderNarrative(order: OrderState, status: string) {
  const name = lineOf(order.code.display) ?? codeOf(order.code.code) ?? 'Order';
  return narrative(
    [name, order.priority === 'unknown' ? null : order.priority, status].filter(Boolean).join(', '),
    order.status === 'cancel_requested' ? 'Cancellation requested, not confirmed.' : null,
    order.cancelRefused ? 'The cancellation was refused; the order stands.' : null,
  );
}
