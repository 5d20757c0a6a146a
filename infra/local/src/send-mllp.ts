/** Sends one HL7 v2 message over MLLP and waits for the answer. A sender for tests and the sample day, not a client for production. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

const start = 0x0b;
const end = Buffer.from([0x1c, 0x0d]);

export type MllpAnswer = { readonly code: string; readonly text: string };

/** Bytes of a message file as they go over the wire: lines become segments. Works on bytes, so the file's character set stays what it is. */
export function readMessage(file: string): Buffer {
  const text = readFileSync(file, 'latin1').replace(/\r\n|\n/g, '\r');
  return Buffer.from(text.endsWith('\r') ? text : `${text}\r`, 'latin1');
}

export function sendMllp(port: number, message: Buffer, timeoutMs = 30_000): Promise<MllpAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let received = Buffer.alloc(0);
    const fail = (why: string) => {
      socket.destroy();
      reject(new Error(`MLLP on port ${port}: ${why}`));
    };
    socket.setTimeout(timeoutMs, () => fail(`no answer within ${timeoutMs} ms`));
    socket.once('error', (error) => fail(error.message));
    socket.once('close', () => fail('closed without an answer'));
    socket.once('connect', () => socket.write(Buffer.concat([Buffer.from([start]), message, end])));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const last = received.indexOf(end);
      if (last < 0) return;
      const text = received.subarray(received.indexOf(start) + 1, last).toString('utf8');
      socket.destroy();
      resolve({ code: /\rMSA\|([A-Z]{2})/.exec(text)?.[1] ?? '', text });
    });
  });
}
