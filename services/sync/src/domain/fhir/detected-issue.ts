/**
 * DetectedIssue. Today there is one true source: an order whose number was used for another order, which was refused (facts 6.7) and of which
 * whoever placed it may not know. `renderDetectedIssue` is ready for others, such as drug safety rules; nothing else calls it yet.
 */
import type { OrderState } from '@clinstream/contracts';
import type { CodeableConcept, DetectedIssue, MedicationRequest, Reference, ServiceRequest } from 'fhir/r4.d.ts';
import { ids } from './ids.ts';
import { ownMeta, subjectOf } from './parts.ts';
import { ownCodes } from './systems.ts';
import { freeText, narrative } from './text.ts';
import { instantOrNone } from './time.ts';
import type { RenderContext } from './types.ts';

export type Issue = {
  readonly id: string;
  readonly patientKey: string;
  readonly status: DetectedIssue['status'];
  readonly code: CodeableConcept;
  readonly severity: 'high' | 'moderate' | 'low' | null;
  /** `Type/id` of what it is about, and of what shows it. */
  readonly implicated: readonly string[];
  readonly evidence: readonly string[];
  readonly detail: string | null;
  /** Uri of the rule that found it. */
  readonly rule: string | null;
  readonly identifiedAt: number | null;
};

export function renderDetectedIssue(issue: Issue, context: RenderContext): DetectedIssue {
  const detail = freeText(issue.detail);
  return {
    resourceType: 'DetectedIssue',
    id: issue.id,
    meta: ownMeta(context.settings),
    text: narrative(issue.code.text, issue.severity === null ? null : `Severity: ${issue.severity}`, detail),
    status: issue.status,
    code: issue.code,
    severity: issue.severity ?? undefined,
    patient: subjectOf(issue.patientKey, context),
    identifiedDateTime: instantOrNone(issue.identifiedAt),
    implicated: issue.implicated.map(toReference),
    evidence: issue.evidence.length === 0 ? undefined : [{ detail: issue.evidence.map(toReference) }],
    detail: detail ?? undefined,
    reference: issue.rule ?? undefined,
  };
}

const toReference = (reference: string): Reference => ({ reference });

export function orderConflictIssue(
  order: OrderState,
  request: ServiceRequest | MedicationRequest,
  context: RenderContext,
): DetectedIssue {
  const text = 'Order number used twice';
  const issue: Issue = {
    id: ids.orderIssue(order.orderId),
    patientKey: order.patientKey,
    status: 'final',
    code: { coding: [{ system: ownCodes(context.settings, 'issue'), code: 'order-number-used-twice' }], text },
    severity: 'moderate',
    implicated: [`${request.resourceType}/${request.id}`],
    evidence: [],
    detail: 'Another order was placed under the number of this one and was refused. This order stands as it was.',
    rule: null,
    identifiedAt: null,
  };
  return renderDetectedIssue(issue, context);
}
