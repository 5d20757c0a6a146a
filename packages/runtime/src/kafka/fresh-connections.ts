/**
 * Lets every connection of kafkajs begin with an empty buffer. kafkajs 2.2.4 uses one object for a broker's connection and all that follow it,
 * and keeps the bytes of an answer that a reset cut in two: the next connection's answers are then read from the wrong place, which hangs the
 * client for good or throws out of a socket event and ends the process (seen: RangeError in processData). `install` must come before the
 * first connection; where kafkajs's insides look different from the pinned version it changes nothing and says so.
 */
import type { Socket } from 'node:net';
import { replaceMethod } from './kafkajs-insides.ts';

/** What of kafkajs's connection matters here. */
type Connection = {
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  socket?: Socket;
  isConnected(): boolean;
  connect(): Promise<boolean>;
};

const connectionModule = 'kafkajs/src/network/connection.js';
/** An answer begins with its size. */
const sizeBytes = 4;

/** True when kafkajs's connections now begin empty. */
export const installFreshConnections = (): boolean =>
  replaceMethod<Connection, 'connect'>(connectionModule, 'connect', freshConnect);

function freshConnect(connect: Connection['connect']) {
  return function (this: Connection): Promise<boolean> {
    if (!this.isConnected()) {
      this.socket?.destroy(); // it may have been only half closed, and what it still says would go into the same buffer
      this.chunks = [];
      this.bytesBuffered = 0;
      this.bytesNeeded = sizeBytes;
    }
    return connect.call(this);
  };
}
