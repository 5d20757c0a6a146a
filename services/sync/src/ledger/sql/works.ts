/** What of one patient waits to be delivered, with all it is rendered with. */
import type { ObservationState, OrderState } from '@clinstream/contracts';
import type { Queryable } from '@clinstream/runtime/postgres';
import type { KnownPatient } from '../../domain/known-patient.ts';
import { type Subject, type SubjectKind, subjectKinds } from '../../domain/subject.ts';

export type DeliveryRow = {
  readonly kind: SubjectKind;
  readonly id: string;
  readonly mark: number;
  readonly waiting_since: number;
  readonly force: boolean;
  readonly history: boolean;
  readonly attempts: number;
  readonly intent_digest: string | null;
  readonly intent_memo: unknown;
  readonly intent_at: number | null;
  readonly outcome: 'delivered' | 'held' | 'rejected' | 'needs_review' | null;
  readonly digest: string | null;
  readonly remote_id: string | null;
  readonly remote_version: string | null;
  readonly acknowledgement: string | null;
  readonly code: string | null;
  readonly detail: unknown;
  readonly memo: unknown;
  readonly refused: string | null;
  readonly outcome_at: number | null;
  readonly revision: number;
};
export type WaitingRow = DeliveryRow & {
  readonly state: Subject['state'];
  readonly links: readonly string[];
  readonly changed_at: number;
};

export const deliveryColumns = [
  'kind',
  'id',
  'mark',
  'waiting_since',
  'force',
  'history',
  'attempts',
  'intent_digest',
  'intent_memo',
  'intent_at',
  'outcome',
  'digest',
  'remote_id',
  'remote_version',
  'acknowledgement',
  'code',
  'detail',
  'memo',
  'refused',
  'outcome_at',
  'revision',
];

/** In the order of kinds, then of who has waited longest: what others refer to comes first. */
export const loadWaiting = async (
  db: Queryable,
  target: string,
  patientKey: string,
  limit: number,
): Promise<readonly WaitingRow[]> =>
  (
    await db.query<WaitingRow>(
      {
        name: 'sync load waiting',
        text: `SELECT ${deliveryColumns.map((name) => `d.${name}`).join(', ')}, s.state, s.links, s.changed_at
FROM sync.deliveries d JOIN sync.subjects s USING (target, kind, id)
WHERE d.target = $1 AND d.patient_key = $2 AND d.waiting AND (d.not_before IS NULL OR d.not_before <= now())
ORDER BY array_position($3::text[], d.kind), d.waiting_since, d.seq LIMIT $4`,
      },
      [target, patientKey, subjectKinds, limit],
    )
  ).rows;

export type RelatedStates = {
  readonly patient: KnownPatient | null;
  readonly orders: ReadonlyMap<string, OrderState>;
  readonly observations: ReadonlyMap<string, ObservationState>;
};

type RelatedRow = { readonly kind: string; readonly id: string; readonly state: unknown };

/** The patient, everything linked to, and the results of the orders among them. */
export async function loadRelated(
  db: Queryable,
  target: string,
  patientKey: string,
  links: readonly string[],
  orderIds: readonly string[],
): Promise<RelatedStates> {
  const { rows } = await db.query<RelatedRow>(
    {
      name: 'sync load related',
      text: `SELECT kind, id, state FROM sync.subjects WHERE target = $1 AND kind = 'patient' AND id = $2
UNION ALL SELECT kind, id, state FROM sync.subjects WHERE target = $1 AND kind = 'order' AND id = ANY ($3::text[])
UNION ALL SELECT kind, id, state FROM sync.subjects
  WHERE target = $1 AND kind = 'observation' AND (id = ANY ($3::text[]) OR ($4::text[] <> '{}' AND links && $4::text[]))`,
    },
    [target, patientKey, links, orderIds],
  );
  const of = <S>(kind: string) => rows.filter((row) => row.kind === kind).map(({ id, state }) => [id, state as S] as const);
  return {
    patient: of<KnownPatient>('patient')[0]?.[1] ?? null,
    orders: new Map(of<OrderState>('order')),
    observations: new Map(of<ObservationState>('observation')),
  };
}
