/** The door of this folder: one message in, its facts out, or an Hl7Fault. Pure: the same message and channel give the same facts with the same ids. */

import { at, Hl7Fault, type Hl7Message } from '@clinstream/runtime/hl7';
import type { ModelCatalog } from '../model-catalog.ts';
import { mapAdt } from './adt.ts';
import type { ChannelRules } from './channel-rules.ts';
import type { Header } from './header.ts';
import type { Mapped, MappingContext, MessageTime } from './mapped.ts';
import { mapObservations } from './observations.ts';
import { mapOrders } from './orders.ts';
import { parseTime, type Zone } from './time.ts';

export type MappingInput = {
  readonly header: Header;
  readonly message: Hl7Message;
  readonly messageId: string;
  readonly channel: ChannelRules;
  readonly models: ModelCatalog;
  /** Of the trace this delivery begins. */
  readonly traceparent: string;
};

export function mapMessage({ header, message, messageId, channel, models, traceparent }: MappingInput): Mapped {
  const time = messageTimeOf(header.time, channel.zone);
  const origin = {
    requestedBy: `${header.sendingApplication}@${header.sendingFacility}`,
    requestedAt: time.epochMs,
    correlationId: messageId,
    traceparent,
  };
  const context: MappingContext = { message, messageId, time, origin, channel, models };
  switch (header.messageType) {
    case 'OML':
    case 'ORM':
      return mapOrders(context);
    case 'ORU':
      return mapObservations(context);
    default:
      return mapAdt(header.event, context);
  }
}

/** Versions rank by it (facts 6.2), so a bare date or hour will not do. */
function messageTimeOf(text: string, zone: Zone): MessageTime {
  const time = parseTime(text, zone);
  if (time === null) throw new Hl7Fault(102, 'MESSAGE_TIME_UNREADABLE', at('MSH', 7));
  if (['year', 'month', 'day', 'hour'].includes(time.precision)) throw new Hl7Fault(102, 'MESSAGE_TIME_TOO_COARSE', at('MSH', 7));
  return { epochMs: time.epochMs, isExact: time.precision === 'fraction' };
}
