/** GET /v1/patients/{key}/timeline: analyses, orders and results of a patient and of all records merged with it, newest first. */
import type { DeliveryState } from '@clinstream/contracts';
import { problemResponses } from '@clinstream/runtime/http';
import type { Queryable, Row } from '@clinstream/runtime/postgres';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { viewAnalysis } from '../../domain/analysis-view.ts';
import { formatCursor } from '../../domain/cursor.ts';
import { viewDelivery } from '../../domain/delivery-view.ts';
import { isoOf } from '../../domain/iso.ts';
import type { ModelNames } from '../../domain/model-names.ts';
import { observationFromRow } from '../../sink/observation-table.ts';
import { orderFromRow } from '../../sink/order-table.ts';
import { clinical } from '../access.ts';
import { apiProblem } from '../problems.ts';
import { TimelineSchema } from '../schemas.ts';
import { type ReadAnalysisRow, storedFromRow } from '../sql/read-analyses.ts';
import { type DeliverySubject, readDeliveries } from '../sql/read-deliveries.ts';
import { type PatientGroupRow, readPatientGroup } from '../sql/read-patient-group.ts';
import { readTimeline, type TimelineKind, type TimelineQuery } from '../sql/read-timeline.ts';
import { readCursor } from './analyses.ts';
import { viewOrder } from './orders.ts';

export type TimelineDeps = { readonly db: Queryable; readonly models: ModelNames };

const route = {
  config: { roles: [...clinical] },
  schema: {
    operationId: 'getTimeline',
    tags: ['patients'],
    summary: 'What is known of a patient, newest first',
    description:
      'Follows merges: whichever record is asked for, the history of all of them is shown, each entry with the record it was filed under.',
    params: Type.Object({
      key: Type.String({ minLength: 1, maxLength: 500, description: 'facility|authority|id, percent-encoded.' }),
    }),
    querystring: Type.Object({
      limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
      cursor: Type.Optional(Type.String({ maxLength: 1_000 })),
    }),
    response: { 200: TimelineSchema, ...problemResponses(404) },
  },
};
type TimelineRequest = { Params: { key: string }; Querystring: { limit: number; cursor?: string } };

export function registerTimeline(server: FastifyInstance, deps: TimelineDeps): void {
  server.get<TimelineRequest>('/v1/patients/:key/timeline', route, async (request) => {
    const patientKey = request.params.key;
    const { limit, cursor } = request.query;
    const after = readCursor(cursor);
    const group = await readPatientGroup(deps.db, patientKey);
    const members = group.map((row) => row.member);
    const entries = await readEntries(deps, { members, after, limit: limit + 1 });
    if (entries.length === 0 && after === null && group.every((row) => row.version === null)) throw apiProblem('PATIENT_UNKNOWN');
    const shown = entries.slice(0, limit);
    const deliveriesOf = await readDeliveries(deps.db, shown.map(subjectOf));
    const last = shown.at(-1);
    const next = entries.length > limit && last ? formatCursor({ at: last.time, id: last.key }) : null;
    return {
      patientKey,
      survivor: group[0]?.survivor ?? patientKey,
      merged: members.length > 1,
      patients: group.map(viewPatient),
      items: shown.map((entry) => viewEntry(entry, deliveriesOf(subjectOf(entry)))),
      next,
    };
  });
}

/** `view`: of what `kind` says, still without where it stands in the targets. */
type Entry = {
  readonly time: number;
  readonly key: string;
  readonly kind: TimelineKind;
  readonly id: string;
  readonly patientKey: string;
  readonly view: object;
};

const subjectOf = ({ kind, id }: Entry): DeliverySubject => ({ subjectKind: kind, subjectId: id });

const viewEntry = ({ kind, time, patientKey, view }: Entry, deliveries: readonly DeliveryState[]) => ({
  kind,
  at: isoOf(time),
  patientKey,
  [kind]: { ...view, deliveries: deliveries.map(viewDelivery) },
});

async function readEntries(deps: TimelineDeps, query: TimelineQuery): Promise<readonly Entry[]> {
  const kinds: readonly TimelineKind[] = ['analysis', 'order', 'observation'];
  const pages = await Promise.all(kinds.map(async (kind) => (await readTimeline(deps.db, kind, query)).map(viewers[kind](deps))));
  return pages.flat().sort((a, b) => b.time - a.time || (a.key < b.key ? -1 : 1));
}

type Viewer = (deps: TimelineDeps) => (row: Row) => Entry;

const viewers: Readonly<Record<TimelineKind, Viewer>> = {
  analysis:
    ({ models }) =>
    (row) => {
      const from = row as ReadAnalysisRow;
      const view = viewAnalysis(storedFromRow(from), models);
      return entry('analysis', from.sort_at, from.job_id, view.patientKey ?? '', view);
    },
  order: () => (row) => {
    const order = orderFromRow(row);
    return entry('order', order.requestedAt, order.orderId, order.patientKey, viewOrder(order));
  },
  observation: () => (row) => {
    const observation = observationFromRow(row);
    const view = { ...observation, orderStatus: row['order_status'] };
    return entry('observation', observation.sourceVersion, observation.observationId, observation.patientKey, view);
  },
};

const entry = (kind: TimelineKind, time: number, id: string, patientKey: string, view: object): Entry => ({
  time,
  key: `${kind}:${id}`,
  kind,
  id,
  patientKey,
  view,
});

const viewPatient = (row: PatientGroupRow) => ({
  patientKey: row.member,
  familyName: row.family_name,
  givenName: row.given_name,
  birthDate: row.birth_date,
  sex: row.sex,
  mergedInto: row.merged_into,
});
