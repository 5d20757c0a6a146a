/** The state of an AI job as Task. It says how far the work is and never what came out; percentages are left to the API, each would be a version. Pure. */
import { type AnalysisState, type AnalysisStatus, reviewOf } from '@clinstream/contracts';
import type { CodeableConcept, Task } from 'fhir/r4.d.ts';
import { requestPriority } from './coding.ts';
import { deviceReference } from './device.ts';
import { ids, referenceTo } from './ids.ts';
import { newestOf, orderReference, ownMeta, subjectOf } from './parts.ts';
import { identifiersOf, ownCodes } from './systems.ts';
import { instantOf, instantOrNone, periodOf } from './time.ts';
import type { FhirResource, RenderContext } from './types.ts';

/** Abstained: the model may not be asked about this patient, which is a refusal and no failure. */
const statuses: Readonly<Record<AnalysisStatus, Task['status']>> = {
  pending: 'requested',
  queued: 'requested',
  running: 'in-progress',
  completed: 'completed',
  abstained: 'rejected',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** `output`: the released resource people look for, if there is one. */
export function renderTask(state: AnalysisState, patientKey: string, context: RenderContext, output: FhirResource | null): Task {
  const { settings, related, manifests } = context;
  const { model, modelVersion, modelDigest, requestedAt, startedAt, endedAt } = state;
  const review = reviewOf(state);
  return {
    resourceType: 'Task',
    id: ids.task(state.jobId),
    meta: ownMeta(settings),
    identifier: [{ system: identifiersOf(settings, 'analysis'), value: state.jobId }],
    status: statuses[state.status],
    statusReason: reasonOf(state, context),
    businessStatus: review === null ? undefined : ownConcept(context, 'review', review),
    intent: 'order',
    priority: requestPriority(state.priority),
    code: ownConcept(context, 'task', 'ai-analysis'),
    focus: orderReference(related.order, patientKey) ?? undefined,
    for: subjectOf(patientKey, context),
    executionPeriod: periodOf(startedAt, endedAt),
    authoredOn: instantOrNone(requestedAt),
    // Clocks differ; R4 refuses a Task that changed before it was made.
    lastModified: instantOf(newestOf(requestedAt, startedAt, endedAt)),
    requester:
      state.requestedBy === null
        ? undefined
        : { identifier: { system: identifiersOf(settings, 'client'), value: state.requestedBy } },
    owner: model === null ? undefined : deviceReference({ model, modelVersion, modelDigest }, manifests, settings),
    output:
      output === null
        ? undefined
        : [{ type: ownConcept(context, 'task', 'result'), valueReference: { reference: referenceTo(output) } }],
  };
}

/** Our own codes: an error code of a failed job, the reasons of one that abstained. */
function reasonOf({ failure, reasons }: AnalysisState, context: RenderContext): CodeableConcept | undefined {
  const codes = failure === null ? reasons : [failure.code];
  if (codes.length === 0) return undefined;
  return { coding: codes.map((code) => ({ system: ownCodes(context.settings, 'reason'), code })), text: codes.join(', ') };
}

const ownConcept = ({ settings }: RenderContext, list: string, code: string): CodeableConcept => ({
  coding: [{ system: ownCodes(settings, list), code }],
  text: code,
});
