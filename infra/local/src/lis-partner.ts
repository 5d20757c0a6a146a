/**
 * A laboratory system for demonstration, so that `npm start` has somebody to order from: takes OML^O21 over MLLP, answers ORL^O22, and a while
 * later sends the results of the tests it knows back to ingest as ORU^R01 (ADR 0008).
 *
 * Promise: loopback only; an order resent under the same control id is answered again and counted once. Non-promise: it is no laboratory system. It
 * keeps nothing, checks nothing, refuses nothing but what it cannot read; tests that need a strict partner take HAPI (test/peers).
 */
import { createServer, type Socket } from 'node:net';
import { createFrameReader, frameOf } from '@clinstream/runtime/mllp';
import {
  hasResults,
  type LisMessage,
  type LisOrder,
  orderReply,
  readLisMessage,
  refusal,
  resultMessage,
} from './lis-partner-messages.ts';
import { sendMllp } from './send-mllp.ts';

export type LisPartnerOptions = {
  readonly port: number;
  /** Where results go: ingest's MLLP port. */
  readonly resultsPort: number;
  /** From the order to its result. */
  readonly resultAfterMs?: number;
};

export type LisPartner = {
  /** Different placer numbers accepted. */
  orders(): number;
  /** Results acknowledged positively by ingest, and those still to be sent. */
  results(): { readonly sent: number; readonly pending: number };
  stop(): Promise<void>;
};

const limits = { maxFrameBytes: 1_000_000, maxDiscardBytes: 1_000_000, tolerateMissingCr: true };
const retryAfterMs = 2_000;

export async function startLisPartner({ port, resultsPort, resultAfterMs = 1_000 }: LisPartnerOptions): Promise<LisPartner> {
  const placers = new Set<string>();
  const resulted = new Set<string>();
  const timers = new Set<NodeJS.Timeout>();
  const sockets = new Set<Socket>();
  let sent = 0;
  let answers = 0;

  const sendResult = (message: LisMessage, order: LisOrder, afterMs: number): void => {
    const timer = setTimeout(async () => {
      // The id is the order's, so a result sent again is the same message.
      const text = resultMessage(message, order, `DR-${order.placer.split('^')[0]}`, timestamp());
      const code = await sendMllp(resultsPort, Buffer.from(text, 'latin1')).then(
        (answer) => answer.code,
        () => 'none',
      );
      const isTimedStill = timers.delete(timer);
      if (code === 'AA' || code === 'CA') sent += 1;
      else if (isTimedStill) sendResult(message, order, retryAfterMs);
    }, afterMs);
    timers.add(timer);
  };

  const answerTo = (message: LisMessage): string => {
    answers += 1;
    const controlId = `DA${Date.now()}-${answers}`;
    if (message.type !== 'OML^O21') return refusal(message, controlId, timestamp());
    for (const order of message.orders) {
      if (order.control === 'NW') placers.add(order.placer);
      if (!hasResults(order) || resulted.has(order.placer)) continue;
      resulted.add(order.placer);
      sendResult(message, order, resultAfterMs);
    }
    return orderReply(message, controlId, timestamp());
  };

  const server = createServer((socket) => {
    sockets.add(socket);
    const reader = createFrameReader(limits);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      reader.push(chunk);
      for (let frame = reader.next(); frame !== null; frame = reader.next()) {
        const message = frame.kind === 'frame' ? readLisMessage(frame.bytes.toString('latin1')) : null;
        if (message === null) return void socket.destroy();
        socket.write(frameOf(Buffer.from(answerTo(message), 'latin1')));
      }
      if (reader.isLost()) socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, resolve);
  });
  return {
    orders: () => placers.size,
    results: () => ({ sent, pending: timers.size }),
    stop: async () => {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** HL7 time to the second, with its offset. */
const timestamp = (): string => `${new Date().toISOString().slice(0, 19).replace(/[-:T]/g, '')}+0000`;
