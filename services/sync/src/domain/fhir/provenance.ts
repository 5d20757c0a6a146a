/** Who made a released result and who vouches for it (facts 6.11): the model as author, the approving person as verifier. Pure. */
import type { Provenance, ProvenanceAgent } from 'fhir/r4.d.ts';
import { aiDeviceType, deviceReference } from './device.ts';
import { ids, referenceTo } from './ids.ts';
import { ownMeta, practitioner, testData } from './parts.ts';
import { inputsOf, type Released } from './prediction.ts';
import { systems } from './systems.ts';
import { instantOf, instantOrNone } from './time.ts';
import type { FhirResource } from './types.ts';

export function renderProvenance(released: Released, targets: readonly FhirResource[]): Provenance {
  const { result, review, context, jobId, manifest } = released;
  return {
    resourceType: 'Provenance',
    id: ids.provenance(jobId, result.generation, result.attempt),
    meta: { ...ownMeta(context.settings), ...(manifest.demonstration ? { security: [testData] } : {}) },
    target: targets.map((one) => ({ reference: referenceTo(one) })),
    occurredDateTime: instantOrNone(result.endedAt),
    recorded: instantOf(review?.at ?? result.endedAt ?? 0),
    reason: [{ coding: [{ system: systems.observationValueOid, code: 'AIAST' }], text: 'Artificial Intelligence asserted' }],
    agent: agentsOf(released),
    entity: inputsOf(released).map((what) => ({ role: 'source', what })),
  };
}

function agentsOf({ result, review, context }: Released): ProvenanceAgent[] {
  const author = {
    type: participant('author', 'Author'),
    role: [aiDeviceType],
    who: deviceReference(result, context.manifests, context.settings),
  };
  if (review === null) return [author];
  const verifier = {
    type: participant('verifier', 'Verifier'),
    role: [{ text: review.reviewerRole }],
    who: practitioner(context.settings, 'reviewer', review.reviewer),
  };
  return [author, verifier];
}

const participant = (code: string, display: string) => ({ coding: [{ system: systems.participantType, code, display }] });
