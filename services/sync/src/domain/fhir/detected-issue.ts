/**
 * DetectedIssue, of what the pipeline itself knows to be wrong: an order whose number was used for another order, which was refused (facts 6.7)
 * and of which whoever placed it may not know; a released AI result that rests on an input corrected since (facts 6.5). No severity is
 * made up. `renderDetectedIssue` is ready for others, such as drug safety rules; nothing else calls it yet.
 */
import type { AnalysisState, OrderState } from '@clinstream/contracts';
import type { CodeableConcept, DetectedIssue, MedicationRequest, Reference, ServiceRequest } from 'fhir/r4.d.ts';
import { ids } from './ids.ts';
import { inputReferences, ownMeta, subjectOf } from './parts.ts';
import { type Released, staleWords } from './prediction.ts';
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
  /** Why it is no issue any more. R4 has no status for that. */
  readonly mitigation?: string;
};

export function renderDetectedIssue(issue: Issue, context: RenderContext): DetectedIssue {
  const detail = freeText(issue.detail);
  return {
    resourceType: 'DetectedIssue',
    id: issue.id,
    meta: ownMeta(context.settings),
    text: narrative(
      issue.code.text,
      issue.severity === null ? null : `Severity: ${issue.severity}`,
      detail,
      issue.mitigation ?? null,
    ),
    status: issue.status,
    code: issue.code,
    severity: issue.severity ?? undefined,
    patient: subjectOf(issue.patientKey, context),
    identifiedDateTime: instantOrNone(issue.identifiedAt),
    implicated: issue.implicated.map(toReference),
    evidence: issue.evidence.length === 0 ? undefined : [{ detail: issue.evidence.map(toReference) }],
    detail: detail ?? undefined,
    reference: issue.rule ?? undefined,
    mitigation: issue.mitigation === undefined ? undefined : [{ action: { text: issue.mitigation } }],
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

/** None where the result rests on no corrected input. */
export function staleResultIssue(released: Released, main: string): readonly DetectedIssue[] {
  const { corrected, patientKey, context, jobId } = released;
  if (corrected.length === 0) return [];
  const named = corrected.map(({ observationId }) => observationId);
  const evidence = inputReferences(named, corrected, patientKey).flatMap(({ reference }) => reference ?? []);
  return [renderDetectedIssue({ ...staleIssue(jobId, patientKey, main, context), evidence, detail: staleWords }, context)];
}

/** The one that stands there and holds no more; none where none does. */
export function settledStaleIssue(
  { jobId }: Pick<AnalysisState, 'jobId'>,
  patientKey: string,
  { context, mitigation }: { readonly context: RenderContext; readonly mitigation: string },
): readonly DetectedIssue[] {
  const { delivered } = context;
  if (!delivered.includes(`DetectedIssue/${ids.staleIssue(jobId)}`)) return [];
  const main = [`DiagnosticReport/${ids.report(jobId)}`, `RiskAssessment/${ids.risk(jobId)}`].find((one) =>
    delivered.includes(one),
  );
  return [renderDetectedIssue({ ...staleIssue(jobId, patientKey, main ?? null, context), mitigation }, context)];
}

const staleIssue = (jobId: string, patientKey: string, main: string | null, { settings }: RenderContext): Issue => ({
  id: ids.staleIssue(jobId),
  patientKey,
  status: 'final',
  code: {
    coding: [{ system: ownCodes(settings, 'issue'), code: 'input-corrected-after-analysis' }],
    text: 'Input corrected after the analysis',
  },
  severity: null,
  implicated: main === null ? [] : [main],
  evidence: [],
  detail: null,
  rule: null,
  identifiedAt: null,
});
