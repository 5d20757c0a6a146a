/** The record of every message we could tell apart: who sent it, where its bytes are, what we answered. Never its content. Pure. */
import { type MessageEvent, topics } from '@clinstream/contracts';
import type { Header } from '../domain/hl7/header.ts';
import { envelopeOf, type Publication } from '../domain/publication.ts';
import type { MessageIdentity } from './message.ts';

export type MessageRecord = {
  readonly listener: string;
  readonly header: Header;
  readonly identity: MessageIdentity;
  readonly patientKey: string | null;
  readonly blobRef: string;
  readonly byteLength: number;
  readonly acknowledgement: string;
  readonly errorCode: string | null;
  readonly receivedAt: number;
  readonly traceparent: string;
};

/** A header field is a name or a code; a longer one is noise and is cut. */
const short = (text: string): string => text.slice(0, 200);

export function messageReceivedFact(record: MessageRecord): Publication<typeof topics.messages> {
  const { header, identity } = record;
  const value: MessageEvent = {
    type: 'MessageReceived',
    messageId: identity.messageId,
    listener: record.listener,
    sendingApplication: short(header.sendingApplication),
    sendingFacility: short(header.sendingFacility),
    controlId: short(header.controlId),
    messageType: short([header.messageType, header.event].filter((part) => part !== '').join('^')),
    patientKey: record.patientKey,
    digest: identity.digest,
    blobRef: record.blobRef,
    byteLength: record.byteLength,
    acknowledgement: record.acknowledgement,
    errorCode: record.errorCode,
    receivedAt: record.receivedAt,
  };
  const origin = {
    requestedBy: '',
    requestedAt: record.receivedAt,
    correlationId: identity.messageId,
    traceparent: record.traceparent,
  };
  // A message answered differently the second time (a channel setting changed) is a second fact about it.
  const envelope = envelopeOf(value.type, origin, identity.messageId, record.acknowledgement, record.errorCode ?? '');
  const sender = short(`${header.sendingApplication}@${header.sendingFacility}`);
  return { topic: topics.messages, key: record.patientKey ?? sender, value, envelope };
}
