/** MSH: which message, from whom, in which version, and how it wants to be answered. Pure. In: segments. Out: a header, or the Hl7Fault it deserves. */
import { at, Hl7Fault, type Segment, textAt } from '@clinstream/runtime/hl7';

export type AnswerWish = 'AL' | 'ER' | 'NE' | 'SU' | '';

export type Header = {
  readonly sendingApplication: string;
  readonly sendingFacility: string;
  readonly time: string;
  readonly messageType: string;
  readonly event: string;
  readonly controlId: string;
  readonly processingId: string;
  readonly version: string;
  readonly acceptAcknowledgement: AnswerWish;
  readonly applicationAcknowledgement: AnswerWish;
};

/** Reads what is there; judges nothing. */
export function readHeader(msh: Segment): Header {
  return {
    sendingApplication: textAt(msh, 3),
    sendingFacility: textAt(msh, 4),
    time: textAt(msh, 7),
    messageType: textAt(msh, 9),
    event: textAt(msh, 9, { component: 2 }),
    controlId: textAt(msh, 10),
    processingId: textAt(msh, 11),
    version: textAt(msh, 12),
    acceptAcknowledgement: wishOf(textAt(msh, 15)),
    applicationAcknowledgement: wishOf(textAt(msh, 16)),
  };
}

/** An unknown wish is read as the most talkative one: better one answer too many than a sender left waiting. */
function wishOf(text: string): AnswerWish {
  if (text === '' || text === '""') return '';
  return text === 'ER' || text === 'NE' || text === 'SU' ? text : 'AL';
}

/** MSH-15 or MSH-16 valued asks for enhanced mode. */
export const isEnhanced = (header: Header): boolean =>
  header.acceptAcknowledgement !== '' || header.applicationAcknowledgement !== '';

export type Version = 'old' | 'three-part' | 'modern';

/** `old` 2.3: two-part message types. Below `modern` (2.5) ERR has no ERR-3. 2.6 and later are read as 2.5.1 with unknown fields ignored. */
export function versionOf(version: string): Version | null {
  if (version === '2.3') return 'old';
  if (version === '2.3.1' || version === '2.4') return 'three-part';
  return /^2\.(5|5\.1|6|7|7\.1|8|8\.1|8\.2|9|9\.1)$/.test(version) ? 'modern' : null;
}

const events: Readonly<Record<string, readonly string[]>> = {
  OML: ['O21'],
  ORM: ['O01'],
  ORU: ['R01'],
  ADT: ['A01', 'A04', 'A08', 'A18', 'A31', 'A34', 'A40'],
};

export type AllowedSender = { readonly application: string; readonly facility: string };

export type HeaderRules = {
  readonly senders: readonly AllowedSender[];
  readonly processingIds: readonly string[];
};

/** Throws for the first thing wrong: missing fields, then sender, version, type, event, processing id. */
export function checkHeader(header: Header, rules: HeaderRules): void {
  const missing = (
    [
      [3, header.sendingApplication],
      [4, header.sendingFacility],
      [7, header.time],
      [9, header.messageType],
      [10, header.controlId],
      [11, header.processingId],
      [12, header.version],
    ] as const
  ).find(([, value]) => value === '');
  if (missing) throw new Hl7Fault(101, 'HEADER_FIELD_MISSING', at('MSH', missing[0]));
  if (header.controlId.length > 199) throw new Hl7Fault(102, 'CONTROL_ID_TOO_LONG', at('MSH', 10));
  if (!rules.senders.some((sender) => isSender(sender, header))) throw new Hl7Fault(103, 'SENDER_NOT_ALLOWED', at('MSH', 3));
  if (versionOf(header.version) === null) throw new Hl7Fault(203, 'VERSION_UNSUPPORTED', at('MSH', 12));
  const known = Object.hasOwn(events, header.messageType) ? events[header.messageType] : undefined;
  if (known === undefined) throw new Hl7Fault(200, 'MESSAGE_TYPE_UNSUPPORTED', at('MSH', 9));
  if (!known.includes(header.event)) throw new Hl7Fault(201, 'EVENT_UNSUPPORTED', at('MSH', 9));
  if (!rules.processingIds.includes(header.processingId)) throw new Hl7Fault(202, 'PROCESSING_ID_UNSUPPORTED', at('MSH', 11));
}

const isSender = (sender: AllowedSender, header: Header): boolean =>
  sender.application === header.sendingApplication && sender.facility === header.sendingFacility;
