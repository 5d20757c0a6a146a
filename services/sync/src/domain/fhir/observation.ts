/** A laboratory result as Observation, with the status its laboratory gave it (facts 6.5). A cancelled order revokes no result. Pure. */
import type { ObservationState, ObservationStatus } from '@clinstream/contracts';
import type { Annotation, CodeableConcept, Observation } from 'fhir/r4.d.ts';
import { conceptOf, interpretationOf } from './coding.ts';
import { ids } from './ids.ts';
import { orderReference, ownMeta, subjectOf } from './parts.ts';
import { quantityOrText, referenceRangeOf, type Value } from './quantity.ts';
import { withSourceVersion } from './source-version.ts';
import { facilityOf, systems } from './systems.ts';
import { narrative } from './text.ts';
import { dateTimeOf } from './time.ts';
import type { RenderContext } from './types.ts';

const statuses: Readonly<Record<ObservationStatus, Observation['status']>> = {
  unknown: 'unknown',
  registered: 'registered',
  preliminary: 'preliminary',
  final: 'final',
  amended: 'amended',
  corrected: 'corrected',
  cancelled: 'cancelled',
  entered_in_error: 'entered-in-error',
};

export function renderObservation(state: ObservationState, context: RenderContext): Observation {
  const { settings, related } = context;
  const code = conceptOf(state.code, facilityOf(state.patientKey), settings);
  const value = quantityOrText(state.value);
  const order = orderReference(related.order, state.patientKey);
  const interpretation = interpretationOf(state.abnormalFlag);
  const range = referenceRangeOf(state.referenceRange, state.value);
  const hasSpecimen = order !== null && related.order?.specimen != null && related.order.kind !== 'medication';
  const observation: Observation = {
    resourceType: 'Observation',
    id: ids.observation(state.observationId),
    meta: ownMeta(settings),
    text: narrativeOf(state, code, value),
    basedOn: order === null ? undefined : [order],
    status: statuses[state.status],
    category: [{ coding: [{ system: systems.observationCategory, code: 'laboratory' }] }],
    code,
    subject: subjectOf(state.patientKey, context),
    effectiveDateTime: dateTimeOf(state.effectiveAt),
    ...(value ?? { dataAbsentReason: absenceOf(state.status) }),
    interpretation: interpretation === null ? undefined : [interpretation],
    note: flagsOf(state, context),
    specimen: hasSpecimen ? { reference: `Specimen/${ids.specimen(related.order?.orderId ?? '')}` } : undefined,
    referenceRange: range === null ? undefined : [range],
  };
  return withSourceVersion(observation, state.sourceVersion);
}

const absences: Readonly<Partial<Record<ObservationStatus, readonly [code: string, display: string]>>> = {
  registered: ['temp-unknown', 'Temporarily Unknown'],
  preliminary: ['temp-unknown', 'Temporarily Unknown'],
  cancelled: ['not-performed', 'Not Performed'],
  entered_in_error: ['error', 'Error'],
};

export function absenceOf(status: ObservationStatus): CodeableConcept {
  const [code, display] = absences[status] ?? ['unknown', 'Unknown'];
  return { coding: [{ system: systems.dataAbsentReason, code, display }] };
}

/** A result of an order that was cancelled, or that nobody knows, is kept and says so (facts 6.5). */
function flagsOf({ orderId, patientKey }: ObservationState, { related: { order } }: RenderContext): Annotation[] | undefined {
  if (orderId === null) return undefined;
  if (order === null) return [{ text: 'The order named with this result is not known.' }];
  if (order.patientKey !== patientKey) return [{ text: 'The order named with this result is of another patient record.' }];
  return order.status === 'cancelled' ? [{ text: 'The order of this result was cancelled.' }] : undefined;
}

function narrativeOf({ status, referenceRange }: ObservationState, code: CodeableConcept, value: Value) {
  const said =
    value === null
      ? 'no value'
      : 'valueString' in value
        ? value.valueString
        : [value.valueQuantity.comparator, value.valueQuantity.value, value.valueQuantity.unit]
            .filter((one) => one !== undefined)
            .join(' ');
  const withdrawn = status === 'entered_in_error' || status === 'cancelled';
  return narrative(
    withdrawn ? `${code.text}: ${statuses[status]}` : `${code.text}: ${said} (${statuses[status]})`,
    referenceRange === null || withdrawn ? null : `Reference range: ${referenceRange}`,
  );
}
