/** One Metadata request by hand: is this broker serving, and how many unfenced brokers does it know? Needs no client. */
import { connect } from 'node:net';

const metadataKey = 3;
const metadataVersion = 1;

/** Size-prefixed Metadata v1 request for no topics. */
function metadataRequest(): Buffer {
  const body = Buffer.alloc(2 + 2 + 4 + 2 + 4);
  body.writeInt16BE(metadataKey, 0);
  body.writeInt16BE(metadataVersion, 2);
  body.writeInt32BE(1, 4);
  body.writeInt16BE(-1, 8); // client id: null
  body.writeInt32BE(0, 10); // topics: none
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length, 0);
  return Buffer.concat([size, body]);
}

/** Number of brokers in the cluster as this one sees it. Rejects when it does not answer within a second. */
export function brokersOf(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let received = Buffer.alloc(0);
    const end = (act: () => void) => {
      socket.destroy();
      act();
    };
    socket.setTimeout(1000, () => end(() => reject(new Error('no answer'))));
    socket.once('error', (error) => end(() => reject(error)));
    socket.once('close', () => reject(new Error('closed')));
    socket.once('connect', () => socket.write(metadataRequest()));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      // size, correlation id, then the count of brokers
      if (received.length >= 12) end(() => resolve(received.readInt32BE(8)));
    });
  });
}
