/** Received messages by their control id (MSH-10) or by our id. */
import type { Queryable, Row } from '@clinstream/runtime/postgres';
import type { MessageState } from '../../domain/message.ts';
import { messageFromRow, messages } from '../../sink/message-table.ts';

const columns = messages.columns.map(({ name }) => name).join(', ');

export const readMessagesStatement = {
  name: 'api read messages',
  text: `SELECT ${columns} FROM api.messages WHERE control_id = $1 ORDER BY received_at DESC, message_id LIMIT $2`,
};
export const readMessageStatement = {
  name: 'api read message',
  text: `SELECT ${columns} FROM api.messages WHERE message_id = $1`,
};

export const readMessages = async (db: Queryable, controlId: string, limit: number): Promise<readonly MessageState[]> =>
  (await db.query<Row>(readMessagesStatement, [controlId, limit])).rows.map(messageFromRow);

export async function readMessage(db: Queryable, messageId: string): Promise<MessageState | null> {
  const { rows } = await db.query<Row>(readMessageStatement, [messageId]);
  return rows[0] === undefined ? null : messageFromRow(rows[0]);
}
