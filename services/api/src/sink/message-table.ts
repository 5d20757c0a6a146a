/** One received HL7 v2 message per row of api.messages. */
import type { Row } from '@clinstream/runtime/postgres';
import type { MessageState } from '../domain/message.ts';
import { column, type Table } from './sql/table.ts';

export const messages: Table<MessageState> = {
  name: 'api.messages',
  key: 'message_id',
  columns: [
    column('message_id', 'text', (s) => s.messageId),
    column('listener', 'text', (s) => s.listener),
    column('sending_application', 'text', (s) => s.sendingApplication),
    column('sending_facility', 'text', (s) => s.sendingFacility),
    column('control_id', 'text', (s) => s.controlId),
    column('message_type', 'text', (s) => s.messageType),
    column('patient_key', 'text', (s) => s.patientKey),
    column('digest', 'text', (s) => s.digest),
    column('blob_ref', 'text', (s) => s.blobRef),
    column('byte_length', 'integer', (s) => s.byteLength),
    column('acknowledgement', 'text', (s) => s.acknowledgement),
    column('error_code', 'text', (s) => s.errorCode),
    column('received_at', 'bigint', (s) => s.receivedAt),
    column('version', 'integer', (s) => s.version),
  ],
};

export type MessageRow = {
  readonly message_id: string;
  readonly listener: string;
  readonly sending_application: string;
  readonly sending_facility: string;
  readonly control_id: string;
  readonly message_type: string;
  readonly patient_key: string | null;
  readonly digest: string;
  readonly blob_ref: string;
  readonly byte_length: number;
  readonly acknowledgement: string;
  readonly error_code: string | null;
  readonly received_at: number;
  readonly version: number;
};

export function messageFromRow(from: Row): MessageState {
  const row = from as MessageRow;
  return {
    messageId: row.message_id,
    listener: row.listener,
    sendingApplication: row.sending_application,
    sendingFacility: row.sending_facility,
    controlId: row.control_id,
    messageType: row.message_type,
    patientKey: row.patient_key,
    digest: row.digest,
    blobRef: row.blob_ref,
    byteLength: row.byte_length,
    acknowledgement: row.acknowledgement,
    errorCode: row.error_code,
    receivedAt: row.received_at,
    version: row.version,
  };
}
