/** The AI job an order asks for. In: the order and its model; out: the request, with the features or with the one problem that makes them unusable. */
import { type AnalysisRequested, laneOf, observationIdOf, type Priority, topics } from '@clinstream/contracts';
import { rawField, type Segment, textAt, valueAt } from '@clinstream/runtime/hl7';
import type { Canonical } from '../canonical-json.ts';
import type { KnownModel } from '../model-catalog.ts';
import { envelopeOf } from '../publication.ts';
import type { Fact, MappingContext } from './mapped.ts';
import { mapInputs } from './model-inputs.ts';
import type { OrderGroup } from './order-groups.ts';
import { birthDateOrNull } from './patient.ts';
import { ageYearsAt } from './time.ts';
import { codingsAt, type OrderNumber, orderNumberAt } from './values.ts';

export type AskedAnalysis = {
  readonly pid: Segment;
  readonly patientKey: string;
  readonly group: OrderGroup;
  readonly context: MappingContext;
  readonly orderId: string;
  readonly placer: OrderNumber;
  readonly model: KnownModel;
  readonly jobId: string;
  readonly priority: Priority;
  readonly contentDigest: string;
};

export function analysisFactOf(asked: AskedAnalysis): Fact {
  const { pid, context, model, patientKey, jobId } = asked;
  const inputs = mapInputs(model.manifest, asked.group.observations);
  const value: AnalysisRequested = {
    type: 'AnalysisRequested',
    jobId,
    patientKey,
    generation: 1,
    model: model.manifest.name,
    modelVersion: null,
    inputSet: model.inputSet,
    features: inputs.features,
    subject: {
      ageYears: ageYearsAt(birthDateOrNull(pid), context.origin.requestedAt, context.channel.zone),
      sex: valueAt(pid, 8),
    },
    inputProblem: inputs.problem,
    inputObservations: inputs.used.map((obx) => observationIdIn(asked, obx)),
    evidence: model.manifest.evidence?.default ?? false,
    priority: asked.priority,
    orderId: asked.orderId,
    requestedBy: context.origin.requestedBy,
    requestedAt: context.origin.requestedAt,
  };
  return {
    topic: topics.requests[laneOf(asked.priority)],
    key: patientKey,
    value,
    envelope: envelopeOf('AnalysisRequested', context.origin, jobId, '1', asked.contentDigest),
  };
}

/** The id a later result or correction of this observation has: see observations.ts. */
function observationIdIn({ group, context, placer }: AskedAnalysis, obx: Segment): string {
  const filler = [group.obr, group.orc].map((segment) =>
    segment === null ? null : orderNumberAt(segment, 3, context.channel, context.origin.requestedBy),
  );
  const named = filler.find((number) => number !== null) ?? placer;
  const [code] = codingsAt(obx, 3);
  return observationIdOf(named.authority, named.number, `${code?.code ?? ''}^${code?.system ?? ''}`, textAt(obx, 4));
}

/** What makes two orders for the same model different: every observation as sent, without its running number. */
export const inputContent = (observations: readonly Segment[]): Canonical =>
  observations.map((obx) => [2, 3, 4, 5, 6, 11].map((field) => rawField(obx, field)));
