/** GET /v1/messages?controlId= and GET /v1/messages/{id}/raw: a received HL7 v2 message, found again by its MSH-10. */
import type { BlobStore } from '@clinstream/runtime/blobs';
import { AppError } from '@clinstream/runtime/errors';
import { problemResponses } from '@clinstream/runtime/http';
import type { Queryable } from '@clinstream/runtime/postgres';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { isoOf } from '../../domain/iso.ts';
import { reusesControlId } from '../../domain/message.ts';
import { clinical, interfaces } from '../access.ts';
import { apiProblem } from '../problems.ts';
import { MessagesSchema } from '../schemas.ts';
import { readMessage, readMessages } from '../sql/read-messages.ts';

export type MessagesDeps = { readonly db: Queryable; readonly blobs: Pick<BlobStore, 'get'> };

const listRoute = {
  config: { roles: [...clinical] },
  schema: {
    operationId: 'findMessages',
    tags: ['messages'],
    summary: 'Received messages by control id (MSH-10), newest first',
    querystring: Type.Object({
      controlId: Type.String({ minLength: 1, maxLength: 200 }),
      limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
    }),
    response: { 200: MessagesSchema },
  },
};

const rawRoute = {
  config: { roles: [...interfaces] },
  schema: {
    operationId: 'getRawMessage',
    tags: ['messages'],
    summary: 'The bytes of a message as they came',
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) }),
    response: {
      200: {
        description: 'The message.',
        content: { 'application/octet-stream': { schema: Type.String({ format: 'binary' }) } },
      },
      ...problemResponses(404, 410),
    },
  },
};

export function registerMessages(server: FastifyInstance, { db, blobs }: MessagesDeps): void {
  server.get<{ Querystring: { controlId: string; limit: number } }>('/v1/messages', listRoute, async (request) => {
    const found = await readMessages(db, request.query.controlId, request.query.limit);
    const items = found.map((message) => ({
      ...message,
      receivedAt: isoOf(message.receivedAt),
      reusedControlId: reusesControlId(message, found),
      links: { raw: `v1/messages/${encodeURIComponent(message.messageId)}/raw` },
    }));
    return { items };
  });

  server.get<{ Params: { id: string } }>('/v1/messages/:id/raw', rawRoute, async (request, reply) => {
    const message = await readMessage(db, request.params.id);
    if (message === null) throw apiProblem('MESSAGE_UNKNOWN');
    const bytes = await blobs.get(message.blobRef).catch((error: unknown) => {
      throw error instanceof AppError && error.code === 'BLOB_NOT_FOUND' ? apiProblem('MESSAGE_BYTES_GONE') : error;
    });
    return reply
      .type('application/octet-stream')
      .header('content-disposition', 'attachment')
      .header('x-content-type-options', 'nosniff')
      .send(bytes);
  });
}
