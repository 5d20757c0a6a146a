/**
 * From a request about an order to the events that carry it. In: a body of the right shape; out: a command, or all faults at once;
 * from a command and an origin one order event, and one analysis request when the order asks for an AI job. Pure.
 *
 * An order's identity is its placer's number under the placer's authority, whoever sends it. Amendments and cancellations of orders
 * never seen are published all the same: the reducer keeps them pending until the placement comes.
 */
import {
  type Coding,
  jobIdOfOrder,
  type OrderEvent,
  type OrderKind,
  orderIdOf,
  type PatientIdentity,
  topics,
} from '@clinstream/contracts';
import {
  type AnalysisRequestTopic,
  analysisRequestedFrom,
  type CheckedQuestion,
  checkQuestion,
  type ModelQuestion,
  questionContent,
  type RequestedPriority,
} from './analysis-request.ts';
import { type Canonical, canonicalDigest } from './canonical-json.ts';
import type { Checked, Fault } from './fault.ts';
import type { ModelCatalog } from './model-catalog.ts';
import { checkPatient, identifierFault } from './patient-identity.ts';
import { envelopeOf, type Origin, type Publication } from './publication.ts';

type OrderIdentity = {
  readonly placerNumber: string;
  readonly placerAuthority: string;
  readonly patient: PatientIdentity;
  /** Version at the source, epoch milliseconds; left out, the time of acceptance. */
  readonly sourceVersion?: number;
};

export type OrderContent = {
  readonly kind: Exclude<OrderKind, 'unknown'>;
  readonly priority?: RequestedPriority;
  readonly code: { readonly code: string; readonly system: string; readonly display?: string | null };
  readonly note?: string | null;
};

export type OrderBody =
  | (OrderIdentity & OrderContent & { readonly action: 'place'; readonly analysis?: ModelQuestion })
  | (OrderIdentity & OrderContent & { readonly action: 'amend' })
  | (OrderIdentity & { readonly action: 'cancel' });

export type OrderCommand = {
  readonly action: OrderBody['action'];
  readonly orderId: string;
  readonly patientKey: string;
  readonly placerNumber: string;
  readonly placerAuthority: string;
  readonly kind: OrderKind;
  readonly priority: RequestedPriority | 'unknown';
  readonly code: Coding;
  readonly note: string | null;
  readonly contentDigest: string;
  readonly sourceVersion: number | null;
  readonly question: CheckedQuestion | null;
};

export function checkOrder(body: OrderBody, models: ModelCatalog): Checked<OrderCommand> {
  const patient = checkPatient(body.patient);
  const analysis = body.action === 'place' ? body.analysis : undefined;
  const question: Checked<CheckedQuestion | null> = analysis ? checkQuestion(analysis, models, '/analysis') : nothingAsked;
  const identifiers = [
    identifierFault('/placerNumber', body.placerNumber),
    identifierFault('/placerAuthority', body.placerAuthority),
  ].filter((fault): fault is Fault => fault !== null);
  if (patient.ok && question.ok && identifiers.length === 0) {
    return { ok: true, value: commandOf(body, patient.value, question.value) };
  }
  return { ok: false, faults: [...[patient, question].flatMap((checked) => (checked.ok ? [] : checked.faults)), ...identifiers] };
}

const nothingAsked: Checked<null> = { ok: true, value: null };

function commandOf(body: OrderBody, patientKey: string, question: CheckedQuestion | null): OrderCommand {
  const placerNumber = body.placerNumber.normalize('NFC');
  const placerAuthority = body.placerAuthority.normalize('NFC');
  const content = body.action === 'cancel' ? noContent : contentOf(body);
  return {
    action: body.action,
    orderId: orderIdOf(placerAuthority, placerNumber),
    patientKey,
    placerNumber,
    placerAuthority,
    ...content,
    contentDigest:
      body.action === 'cancel'
        ? ''
        : orderContentDigest(
            { patientKey, ...content },
            body.action === 'place' && body.analysis ? questionContent(body.analysis) : null,
          ),
    sourceVersion: body.sourceVersion ?? null,
    question,
  };
}

const noContent = { kind: 'unknown', priority: 'unknown', code: { code: '', system: '', display: null }, note: null } as const;

const contentOf = (body: OrderContent) => ({
  kind: body.kind,
  priority: body.priority ?? 'routine',
  code: { code: body.code.code, system: body.code.system, display: body.code.display ?? null },
  note: body.note ?? null,
});

/** Equal digests are the same order (facts 6.7). The code's display text is a label, not content. */
export const orderContentDigest = (
  order: Pick<OrderCommand, 'patientKey' | 'kind' | 'priority' | 'code' | 'note'>,
  analysis: Canonical = null,
): string =>
  canonicalDigest({
    patientKey: order.patientKey,
    kind: order.kind,
    priority: order.priority,
    code: [order.code.system, order.code.code],
    note: order.note,
    analysis,
  });

/** Digest of the whole command: what an Idempotency-Key on an order stands for. */
export const orderCommandDigest = (command: OrderCommand): string =>
  canonicalDigest([command.action, command.orderId, command.patientKey, command.contentDigest, command.sourceVersion]);

/** The job a placement asks for; null when it asks for none. */
export const jobIdOfCommand = (command: OrderCommand): string | null =>
  command.question === null ? null : jobIdOfOrder(command.orderId, command.question.model, command.contentDigest);

const eventTypeOf = { place: 'OrderPlaced', amend: 'OrderAmended', cancel: 'OrderCancelRequested' } as const;

export type OrderPublications = {
  readonly order: Publication<typeof topics.orders>;
  readonly analysis: Publication<AnalysisRequestTopic> | null;
};

export function orderEventsFrom(command: OrderCommand, origin: Origin): OrderPublications {
  const type = eventTypeOf[command.action];
  const sourceVersion = command.sourceVersion ?? origin.requestedAt;
  const value: OrderEvent = {
    type,
    orderId: command.orderId,
    patientKey: command.patientKey,
    placerNumber: command.placerNumber,
    placerAuthority: command.placerAuthority,
    fillerNumber: null,
    kind: command.kind,
    priority: command.priority,
    code: command.code,
    note: command.note,
    contentDigest: command.contentDigest,
    sourceVersion,
    requestedBy: origin.requestedBy,
    requestedAt: origin.requestedAt,
    analysisJobId: jobIdOfCommand(command),
    messageId: null,
    specimen: null,
    orderingProvider: null,
    parentOrderId: null,
    specimenRejectReasons: [],
  };
  const envelope = envelopeOf(type, origin, command.orderId, command.contentDigest, String(sourceVersion));
  return { order: { topic: topics.orders, key: command.patientKey, value, envelope }, analysis: analysisOf(command, origin) };
}

function analysisOf(command: OrderCommand, origin: Origin): OrderPublications['analysis'] {
  const jobId = jobIdOfCommand(command);
  if (command.question === null || jobId === null || command.priority === 'unknown') return null;
  const { patientKey, priority, orderId } = command;
  return analysisRequestedFrom({ ...command.question, patientKey, priority, orderId }, jobId, origin);
}
