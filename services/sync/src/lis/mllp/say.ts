/**
 * One message to the laboratory and what came of it. In: bytes that stand in the ledger already; out: the reply, or why there is none. A reply is paired
 * by MSA-2 and by nothing else: not by order, not by time.
 */
import type { Charset } from '@clinstream/runtime/mllp';
import { charsetOf, decodeStrict } from '@clinstream/runtime/mllp';
import type { LisChannel } from '../../domain/lis/channel.ts';
import type { LisSending } from '../../domain/lis/memo.ts';
import { type Reply, readReply } from '../../domain/lis/read-reply.ts';
import type { Line } from './client.ts';
import type { LossReason, Pair } from './connection.ts';

export type Said =
  | { readonly kind: 'answered'; readonly reply: Reply }
  /** `committed`: it was taken for certain (CA), only the application's answer did not come. */
  | { readonly kind: 'unanswered'; readonly why: LossReason; readonly committed: Reply | null };

export type Saying = {
  readonly line: Line;
  readonly sending: LisSending;
  readonly channel: Pick<LisChannel, 'acknowledgement' | 'deduplicates'>;
  readonly charset: Charset;
};

/** Rejects, with LIS_UNREACHABLE or LIS_INTERRUPTED, only when not a byte left. */
export async function say(saying: Saying): Promise<Said> {
  const { line, sending, channel, charset } = saying;
  const bytes = Buffer.from(sending.bytes, 'base64');
  const pair = pairFor(sending.controlId, channel.acknowledgement === 'both', charset);
  const first = await exchangeOnce(line, bytes, pair);
  // A peer that closes after each answer closed under our message: the same bytes once more, where it takes repeats once (facts 6.8).
  const mayRepeat = first.kind === 'lost' && first.why === 'closed' && first.wasReused && channel.deduplicates;
  const result = mayRepeat ? await exchangeOnce(line, bytes, pair).catch(() => first) : first;
  if (result.kind === 'replied') return answered(result.bytes, charset);
  return { kind: 'unanswered', why: result.why, committed: replyIn(result.provisional, charset) };
}

/** On whichever connection takes the bytes. A fresh one that is closed before it could makes `connect` reject. */
async function exchangeOnce(line: Line, bytes: Buffer, pair: Pair) {
  for (;;) {
    await line.connect();
    const result = await line.exchange(bytes, pair);
    if (result.kind !== 'unsent') return result;
  }
}

function pairFor(controlId: string, awaitsApplication: boolean, charset: Charset): Pair {
  return (frame) => {
    const reply = replyIn(frame, charset);
    if (reply === null || reply.controlId !== controlId) return 'foreign';
    return reply.code === 'CA' && awaitsApplication ? 'provisional' : 'final';
  };
}

function answered(bytes: Buffer, charset: Charset): Said {
  const reply = replyIn(bytes, charset);
  return reply === null ? { kind: 'unanswered', why: 'garbage', committed: null } : { kind: 'answered', reply };
}

/** By its own MSH-18, else ours. What cannot be decoded is read byte by byte: codes and numbers of ours are ASCII. */
function replyIn(bytes: Buffer | null, fallback: Charset): Reply | null {
  if (bytes === null) return null;
  const wire = bytes.toString('latin1');
  const separator = wire[3] ?? '|';
  const declared =
    wire
      .split(/[\r\n]/, 1)[0]
      ?.split(separator)[17]
      ?.split('~') ?? [];
  const charset = charsetOf(declared, fallback);
  const text = charset === null ? null : decodeStrict(bytes, charset);
  return readReply(text?.normalize('NFC') ?? wire);
}
