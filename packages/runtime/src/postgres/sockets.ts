/**
 * Sockets we can always close: pg waits politely for the server when it ends a connection, which a black hole never answers.
 * Keep-alive is on so that idle connections through a dead firewall are noticed by the system as well.
 */
import { Socket } from 'node:net';

export function createSockets() {
  const open = new Set<Socket>();
  return {
    create: (): Socket => {
      const socket = gathering(new Socket().setKeepAlive(true, 10_000));
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      return socket;
    },
    destroyAll: (): void => {
      for (const socket of open) socket.destroy();
    },
  };
}

/**
 * What is written in one turn leaves as one packet: each costs a system call here and wakes the server. Once connected: `connect` puts its
 * own `write` back.
 */
function gathering(socket: Socket): Socket {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let isHeld = false;
  const release = (): void => {
    isHeld = false;
    socket.uncork();
  };
  const hold = (): void => {
    isHeld = true;
    socket.cork();
    process.nextTick(release);
  };
  const gather = (...args: unknown[]): boolean => {
    if (!isHeld) hold();
    return write(...args);
  };
  return socket.once('connect', () => Object.assign(socket, { write: gather }));
}
