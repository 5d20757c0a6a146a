/**
 * Sockets we can always close: pg waits politely for the server when it ends a connection, which a black hole never answers.
 * Keep-alive is on so that idle connections through a dead firewall are noticed by the system as well.
 */
import { Socket } from 'node:net';

export function createSockets() {
  const open = new Set<Socket>();
  return {
    create: (): Socket => {
      const socket = new Socket().setKeepAlive(true, 10_000);
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      return socket;
    },
    destroyAll: (): void => {
      for (const socket of open) socket.destroy();
    },
  };
}
