/**
 * HAPI HL7v2 (Java) as a laboratory system and as a sender: a strict parser and a builder of replies nobody here wrote. What it does stands in
 * hapi-hl7/HapiHl7.java. It listens on loopback only and ends with this process.
 */
import { fileURLToPath } from 'node:url';
import { freePort, waitFor } from '@clinstream/testkit';
import { javaPeer } from './java.ts';
import { type PeerLine, type PeerProcess, startPeerProcess } from './peer-process.ts';

export type HapiReceiverOptions = {
  /** Default: a free one. */
  readonly port?: number;
  /** `refuse` answers every order AE with ERR-3 205 and UA, UX, UC or UD. Default `accept`: AA with OK, XR, CR or DR and a filler number. */
  readonly reply?: 'accept' | 'refuse';
};

/** What it took, in order, parsed and encoded again by HAPI; or what it would not take, as it came. */
export type HapiRecord =
  | {
      readonly kind: 'received';
      /** Such as `OML^O21`. */
      readonly type: string;
      readonly controlId: string;
      readonly orders: readonly HapiOrder[];
      readonly text: string;
      readonly answer: string;
    }
  | { readonly kind: 'rejected'; readonly text: string; readonly answer: string; readonly why: string };

/** As HAPI reads it; empty where the message has nothing. */
export type HapiOrder = {
  readonly control: string;
  readonly placer: string;
  readonly filler: string;
  readonly code: string;
  readonly priority: string;
};

export type HapiReceiver = {
  readonly port: number;
  readonly records: readonly HapiRecord[];
  /** Resolves once it holds that many records. */
  whenRecords(count: number, deadlineMs?: number): Promise<readonly HapiRecord[]>;
  stop(): Promise<void>;
};

export async function startHapiHl7Receiver(options: HapiReceiverOptions = {}): Promise<HapiReceiver> {
  const port = options.port ?? (await freePort());
  const records: HapiRecord[] = [];
  const child = startJava(['receive', String(port), options.reply ?? 'accept'], (line) => records.push(recordOf(line)));
  await child.whenListening();
  return {
    port,
    records,
    whenRecords: async (count, deadlineMs = 20_000) => {
      await waitFor(() => records.length >= count, { deadlineMs, what: `HAPI has ${count} messages, not ${records.length}` });
      return records;
    },
    stop: child.stop,
  };
}

function recordOf({ kind, text = '', answer = '', ...rest }: PeerLine): HapiRecord {
  if (kind === 'rejected') return { kind, text, answer, why: rest['why'] ?? '' };
  const orders = (rest['orders'] ?? '').split('~').filter(Boolean).map(orderOf);
  return { kind: 'received', type: rest['type'] ?? '', controlId: rest['controlId'] ?? '', orders, text, answer };
}

function orderOf(text: string): HapiOrder {
  const [control = '', placer = '', filler = '', code = '', priority = ''] = text.split('^');
  return { control, placer, filler, code, priority };
}

export type HapiAnswer = {
  /** MSA-1 and MSA-2. */
  readonly ack: string;
  readonly controlId: string;
  readonly text: string;
};

/** Sends the messages one after the other over one connection, each parsed strictly and encoded again by HAPI. Rejects with HAPI's words. */
export async function sendByHapi(port: number, messages: readonly string[]): Promise<readonly HapiAnswer[]> {
  const answers: HapiAnswer[] = [];
  const child = startJava(['send', String(port)], ({ ack = '', controlId = '', text = '' }) =>
    answers.push({ ack, controlId, text }),
  );
  child.write(messages.map((message) => `${Buffer.from(message).toString('base64')}\n`).join(''));
  await child.finish();
  if (answers.length < messages.length)
    throw new Error(`HAPI had ${answers.length} answers to ${messages.length}:\n${child.errors()}`);
  return answers;
}

function startJava(args: readonly string[], onLine: (line: PeerLine) => void): PeerProcess {
  const file = fileURLToPath(new URL('hapi-hl7/HapiHl7.java', import.meta.url));
  const flags = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData'];
  return startPeerProcess('java', [...flags, '-cp', `${javaPeer('hapi-hl7')}/*`, file, ...args], onLine);
}
