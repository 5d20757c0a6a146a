/**
 * POST /v1/analyses/{id}/review: a doctor or radiologist approves or rejects the very result they looked at (ADR 0012).
 * Whoever changes their mind posts again; the newest review of a result counts.
 */
import { formatLogPosition, topics } from '@clinstream/contracts';
import { principalOf, problemResponses } from '@clinstream/runtime/http';
import type { Clock } from '@clinstream/runtime/lifecycle';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { StoredAnalysis } from '../../domain/analysis-view.ts';
import { decideReview, type Reviewer, type ReviewRefusal, type ReviewRequest } from '../../domain/review.ts';
import { reviewers } from '../access.ts';
import type { FindDeps } from '../find-analysis.ts';
import { apiProblem } from '../problems.ts';
import type { Publish } from '../publish.ts';
import { AcceptedSchema } from '../schemas.ts';

export type ReviewDeps = Pick<FindDeps, 'watch'> & {
  readonly publish: Publish;
  readonly clock: Clock;
  readonly onReview: (outcome: string) => void;
};

const orNull = <const T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

const route = {
  config: { roles: [...reviewers] },
  schema: {
    operationId: 'reviewAnalysis',
    tags: ['analyses'],
    summary: 'Approves or rejects the current result of an analysis',
    description:
      'Names the result as GET showed it: generation, attempt, model version and digest. 409 when another has taken its place, when there is ' +
      'none, and for an approval while an input is corrected or withdrawn. 202 once the log has confirmed; with `wait` and the `position`, ' +
      'GET shows it. The same decision of the same person again changes nothing.',
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) }),
    body: Type.Object(
      {
        decision: Type.Unsafe<ReviewRequest['decision']>({ type: 'string', enum: ['approve', 'reject'] }),
        comment: Type.Optional(orNull(Type.String({ minLength: 1, maxLength: 2_000 }))),
        generation: Type.Integer({ minimum: 1 }),
        attempt: Type.Integer({ minimum: 0 }),
        modelVersion: orNull(Type.String({ maxLength: 200 })),
        modelDigest: orNull(Type.String({ maxLength: 200 })),
      },
      { additionalProperties: false },
    ),
    response: { 202: AcceptedSchema, ...problemResponses(404, 409, 503) },
  },
};

type Request = { Params: { id: string }; Body: ReviewRequest };

export function registerAnalysisReview(server: FastifyInstance, deps: ReviewDeps): void {
  server.post<Request>('/v1/analyses/:id/review', route, async (request, reply) => {
    const { id } = request.params;
    const stored = await deps.watch.look(id);
    if (stored === null) throw apiProblem('ANALYSIS_UNKNOWN');
    const decided = decideReview(stored, request.body, reviewerOf(request), deps.clock.now());
    if (decided.refused !== null) {
      deps.onReview('refused');
      throw refusal(decided.refused, stored);
    }
    const { event, eventId } = decided;
    const position = formatLogPosition(
      await deps.publish(request, { topic: topics.reviews, key: event.patientKey ?? event.jobId, event, eventId }),
    );
    deps.onReview(request.body.decision);
    return reply.code(202).send({ id, position, links: { self: `v1/analyses/${encodeURIComponent(id)}?position=${position}` } });
  });
}

/** In the role that lets them review. */
function reviewerOf(request: FastifyRequest): Reviewer {
  const { subject, roles } = principalOf(request);
  return { subject, role: reviewers.find((role) => roles.includes(role)) ?? '' };
}

function refusal(code: ReviewRefusal, { state, staleInputs }: StoredAnalysis) {
  const { status, generation, attempt, modelVersion, modelDigest } = state;
  const current = { status, generation, attempt, modelVersion, modelDigest };
  return apiProblem(code, { members: code === 'REVIEW_STALE' ? { current, staleInputs } : { current } });
}
