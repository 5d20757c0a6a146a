/** One AI job: its Task, and what of its result may stand in FHIR. In: the job's state; out: resources in order of reference, and what is held. Pure. */
import type { AnalysisState, ModelManifest } from '@clinstream/contracts';
import { decideRelease, type Release } from './decide-release.ts';
import { settledStaleIssue, staleResultIssue } from './detected-issue.ts';
import { manifestOf } from './device.ts';
import { renderEvidence } from './evidence.ts';
import { referenceTo } from './ids.ts';
import { newestOf } from './parts.ts';
import { type Released, releasedOf, renderDiagnosis, renderRisk } from './prediction.ts';
import { renderProvenance } from './provenance.ts';
import { withSourceVersion } from './source-version.ts';
import { renderTask } from './task.ts';
import type { FhirResource, HeldCode, RenderContext, Rendering } from './types.ts';
import { renderWithdrawn } from './withdrawn.ts';

type Results = {
  readonly resources: readonly FhirResource[];
  readonly main: FhirResource | null;
  readonly held: HeldCode | null;
};

export function renderAnalysis(state: AnalysisState, patientKey: string, context: RenderContext): Rendering {
  const { resources, main, held } = resultsOf(state, patientKey, context);
  const tasks = context.settings.writeTasks ? [renderTask(state, patientKey, context, main)] : [];
  const all = [...resources, ...tasks].map((one) => withSourceVersion(one, analysisVersion(state)));
  // A job that ended without a result has said so in its Task: nothing is kept back.
  return { resources: all, held: held === 'ANALYSIS_WITHOUT_RESULT' && all.length > 0 ? null : held };
}

/** Grows with every generation, end and review. Starts and progress are left out: late news may name an earlier moment. */
const analysisVersion = (state: AnalysisState): number =>
  newestOf(state.requestedAt, state.endedAt, ...state.reviews.map(({ at }) => at));

function resultsOf(state: AnalysisState, patientKey: string, context: RenderContext): Results {
  const decision = decideRelease(state, context);
  switch (decision.kind) {
    case 'wait':
      return { resources: [], main: null, held: decision.held };
    case 'withdraw':
      return withdrawn(decision, [
        ...renderWithdrawn({ state, patientKey, context, kept: [], reason: decision.reason }),
        ...settledStaleIssue(state, patientKey, { context, mitigation: 'The result was withdrawn.' }),
      ]);
    case 'release': {
      const manifest = manifestOf(decision.release.result, context.manifests);
      if (manifest === null) return { resources: [], main: null, held: 'MODEL_UNKNOWN' };
      return released(state, patientKey, { release: decision.release, manifest, context });
    }
  }
}

/** A withdrawal that leaves is no longer held back; a later result may be. */
function withdrawn({ held }: { readonly held: HeldCode }, resources: readonly FhirResource[]): Results {
  const isDone = resources.length > 0 && (held === 'REVIEW_REJECTED' || held === 'INPUT_WITHDRAWN');
  return { resources, main: null, held: isDone ? null : held };
}

type ReleaseOf = { readonly release: Release; readonly manifest: ModelManifest; readonly context: RenderContext };

function released(state: AnalysisState, patientKey: string, { release, manifest, context }: ReleaseOf): Results {
  const one = releasedOf(release, state, patientKey, { manifest, context });
  const { main, resources } = manifest.kind === 'risk' ? riskOf(one) : diagnosisOf(one);
  const withProvenance = [...resources, renderProvenance(one, resources)];
  // What a former result left there and this one does not have, such as evidence.
  const kept = withProvenance.map(referenceTo);
  const former = renderWithdrawn({ state, patientKey, context, kept, reason: 'A newer result was released.' });
  const stale = staleResultIssue(one, referenceTo(main));
  const issues = stale.length > 0 ? stale : settledStaleIssue(state, patientKey, { context, mitigation: notStaleWords });
  return { resources: [...former, ...withProvenance, ...issues], main, held: null };
}

const notStaleWords = 'The result that stands now rests on no input corrected after it.';

type Leaving = { readonly main: FhirResource; readonly resources: readonly FhirResource[] };

function diagnosisOf(one: Released): Leaving {
  const evidence = renderEvidence(one);
  const [observation, report] = renderDiagnosis(one, evidence);
  return { main: report, resources: [...(evidence === null ? [] : [evidence]), observation, report] };
}

function riskOf(one: Released): Leaving {
  const evidence = renderEvidence(one);
  const risk = renderRisk(one);
  return { main: risk, resources: [...(evidence === null ? [] : [evidence]), risk] };
}
