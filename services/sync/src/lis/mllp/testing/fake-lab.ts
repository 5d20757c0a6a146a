/** Test only: a laboratory that misbehaves as told. What it takes it counts by placer number, and it knows MSH-10 it has seen, if it deduplicates. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { parseMessage, textAt } from '@clinstream/runtime/hl7';
import { createFrameReader, frameOf } from '@clinstream/runtime/mllp';

export type LabMessage = {
  readonly bytes: Buffer;
  readonly controlId: string;
  readonly control: string;
  readonly placerNumber: string;
  readonly priority: string;
  /** 1-based among all it received. */
  readonly number: number;
  /** 1-based among the connections it took. */
  readonly connection: number;
};

export type Behaviour = (message: LabMessage, answer: Answering) => void;
export type Answering = {
  readonly socket: Socket;
  /** The message takes effect: an order more under its number, unless it was seen before by a laboratory that deduplicates. */
  take(): void;
  /** In one write. */
  say(text: string): void;
  readonly positive: string;
};

export const ack = (code: string, controlId: string, ...segments: readonly string[]): string =>
  ['MSH|^~\\&|LIS|LAB|CLINSTREAM|HOSP|20261122||ORL^O22^ORL_O22|A1|P|2.5.1', `MSA|${code}|${controlId}`, ...segments, ''].join(
    '\r',
  );

const answersTo: Readonly<Record<string, string>> = { NW: 'OK', XO: 'XR', CA: 'CR', DC: 'DR' };
export const positive = ({ control, controlId, placerNumber }: LabMessage): string =>
  ack('AA', controlId, 'PID|1', `ORC|${answersTo[control]}|${placerNumber}^OCS|F${placerNumber}^LAB`);

export const well: Behaviour = (_, { take, say, positive: text }) => {
  take();
  say(text);
};

export type FakeLab = {
  readonly port: number;
  readonly received: readonly LabMessage[];
  /** Effects by `control placer number`. */
  readonly effects: ReadonlyMap<string, number>;
  connections(): number;
  behave(next: Behaviour): void;
  stop(): Promise<void>;
};

export async function startFakeLab(first: Behaviour = well, { deduplicates = false, port = 0 } = {}): Promise<FakeLab> {
  let behaviour = first;
  const received: LabMessage[] = [];
  const effects = new Map<string, number>();
  const seen = new Set<string>();
  const sockets = new Set<Socket>();
  let connections = 0;

  function take({ controlId, control, placerNumber }: LabMessage): void {
    if (deduplicates && seen.has(controlId)) return;
    seen.add(controlId);
    const name = `${control} ${placerNumber}`;
    effects.set(name, (effects.get(name) ?? 0) + 1);
  }

  const server = createServer((socket) => {
    const connection = ++connections;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    const reader = createFrameReader({ maxFrameBytes: 1e6, maxDiscardBytes: 1e6, tolerateMissingCr: false });
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      for (let frame = reader.next(); frame !== null; frame = reader.next()) {
        if (frame.kind !== 'frame') continue;
        const message = read(frame.bytes, received.length + 1, connection);
        received.push(message);
        const say = (text: string): void => void socket.write(frameOf(Buffer.from(text)));
        behaviour(message, { socket, take: () => take(message), say, positive: positive(message) });
      }
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    received,
    effects,
    connections: () => connections,
    behave: (next) => {
      behaviour = next;
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function read(bytes: Buffer, number: number, connection: number): LabMessage {
  const { segments } = parseMessage(bytes.toString('utf8'), () => null);
  const value = (name: string, field: number): string => {
    const segment = segments.find((one) => one.name === name);
    return segment === undefined ? '' : textAt(segment, field);
  };
  return {
    bytes,
    controlId: value('MSH', 10),
    control: value('ORC', 1),
    placerNumber: value('ORC', 2),
    priority: value('TQ1', 9),
    number,
    connection,
  };
}
