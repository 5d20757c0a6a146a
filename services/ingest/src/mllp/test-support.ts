/** Test only: an in-memory log and blob store behind the real ports, a channel, and messages of an invented hospital. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { ModelManifest, Topic, TopicEvents } from '@clinstream/contracts';
import { sha256 } from '@clinstream/contracts';
import { AppError } from '@clinstream/runtime/errors';
import { createFrameReader } from '@clinstream/runtime/mllp';
import type { OutgoingEvent } from '@clinstream/runtime/producer';
import { createSilentTelemetry, type Telemetry } from '@clinstream/runtime/telemetry';
import { createModelCatalog } from '../domain/model-catalog.ts';
import { type Channel, parseChannels } from './channel-settings.ts';
import type { ReceiverDeps } from './receive.ts';

export type FakeLog = {
  readonly published: OutgoingEvent[];
  publish<T extends Topic>(event: OutgoingEvent<T>): Promise<{ topic: string; partition: number; offset: number }>;
  /** The next `times` publications fail as when Kafka cannot confirm. */
  failNext(times: number, code?: string): void;
  valuesOf<T extends Topic>(topic: T): readonly TopicEvents[T][];
};

export function createFakeLog(): FakeLog {
  const published: OutgoingEvent[] = [];
  let failures = 0;
  let failureCode = 'KAFKA_UNAVAILABLE';
  return {
    published,
    publish: async (event) => {
      await Promise.resolve();
      if (failures > 0) {
        failures--;
        throw new AppError({ code: failureCode, kind: 'retryable', scope: 'dependency', stage: 'publish', message: 'away' });
      }
      published.push(event);
      return { topic: event.topic, partition: 0, offset: published.length - 1 };
    },
    failNext: (times, code = 'KAFKA_UNAVAILABLE') => {
      failures = times;
      failureCode = code;
    },
    valuesOf: <T extends Topic>(topic: T) =>
      published.filter((event) => event.topic === topic).map((event) => event.value as TopicEvents[T]),
  };
}

export const createFakeBlobs = () => {
  const kept = new Map<string, Buffer>();
  return {
    kept,
    put: async (bytes: Buffer): Promise<string> => {
      const ref = `sha256:${sha256(bytes)}`;
      kept.set(ref, bytes);
      return ref;
    },
  };
};

/** Two inputs, named for a gland nobody has. */
export const testManifest: ModelManifest = {
  name: 'test-gland',
  version: '1.0.0',
  title: 'test',
  kind: 'diagnosis',
  demonstration: true,
  file: 'model.onnx',
  digest: '0'.repeat(64),
  inputs: [
    {
      name: 'width',
      codes: [
        { system: 'L', code: 'GW' },
        { system: 'LN', code: '1-1' },
      ],
      unit: 'mm',
      minimum: 0,
      maximum: 50,
      required: true,
    },
    { name: 'ratio', codes: [{ system: 'L', code: 'GR' }], unit: '1', minimum: 0, maximum: 1, required: true },
  ],
  outputs: { positive: 'p', negative: 'n', threshold: 0.5 },
  evidence: null,
  orderCodes: [{ system: 'L', code: 'AI-GLAND' }],
  population: { minimumAgeYears: null, maximumAgeYears: null, sexes: null },
  limits: { softTimeoutMs: 1, hardTimeoutMs: 1, attempts: 1 },
  licence: 'none',
};

export const testModels = createModelCatalog([testManifest]);

export const channelJson = {
  name: 'ocs',
  port: 0,
  senders: [{ application: 'OCS', facility: 'HOSP' }],
  facility: 'HOSP',
  patientId: { authority: 'HIS', type: 'PI' },
  defaultCharset: 'ASCII',
  urgent: { codes: ['R', 'T'], segment: 'ZPR', field: 1 },
};

export function testChannel(changes: Readonly<Record<string, unknown>> = {}): Channel {
  const read = parseChannels(JSON.stringify({ channels: [{ ...channelJson, ...changes }] }));
  if (!read.ok) throw new Error(read.problems.join('\n'));
  const [channel] = read.channels;
  if (channel === undefined) throw new Error('no channel');
  return channel;
}

export type FakeHouse = ReceiverDeps & { readonly log: FakeLog; readonly blobs: ReturnType<typeof createFakeBlobs> };

export function createFakeHouse(
  telemetry: Telemetry = createSilentTelemetry({ now: () => Date.UTC(2026, 10, 22, 4, 0, 0) }),
): FakeHouse {
  const log = createFakeLog();
  return { log, producer: log, blobs: createFakeBlobs(), reservations: null, models: testModels, telemetry };
}

export type MessageParts = {
  readonly type?: string;
  readonly version?: string;
  readonly controlId?: string;
  readonly time?: string;
  readonly processingId?: string;
  readonly application?: string;
  /** MSH-15 and MSH-16. */
  readonly accept?: string;
  readonly applicationAck?: string;
  readonly charset?: string;
  readonly segments?: readonly string[];
};

export const pid = 'PID|1||4711^^^HIS^PI||Kim^Invented||19700102|F';
export const placed = ['ORC|NW|P1^OCS', 'OBR|1|P1^OCS||GLU^Glucose^L'];
export const gland = [
  'ORC|NW|P2^OCS',
  'OBR|1|P2^OCS||AI-GLAND^Gland^L',
  'OBX|1|NM|GW^Width^L||12.5|mm^^UCUM|||||F',
  'OBX|2|NM|GR^Ratio^L||0.25|1|||||F',
];

export function hl7(parts: MessageParts = {}): Buffer {
  const header = [
    'MSH|^~\\&',
    parts.application ?? 'OCS',
    'HOSP|CLINSTREAM|HOSP',
    parts.time ?? '20261122130000.000',
    '',
    parts.type ?? 'OML^O21^OML_O21',
    parts.controlId ?? 'C1',
    parts.processingId ?? 'P',
    parts.version ?? '2.5.1',
    '|',
    parts.accept ?? '',
    parts.applicationAck ?? '',
    '',
    parts.charset ?? '',
  ].join('|');
  return Buffer.from([header, ...(parts.segments ?? [pid, ...placed]), ''].join('\r'));
}

/** A peer that gathers whole answers, and how many separate reads each took to come. */
export function peerOf(port: number) {
  const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const reader = createFrameReader({ maxFrameBytes: 1e6, maxDiscardBytes: 1e6, tolerateMissingCr: false });
  const answers: string[] = [];
  let ended = false;
  socket.on('data', (chunk: Buffer) => {
    reader.push(chunk);
    for (let frame = reader.next(); frame !== null; frame = reader.next()) {
      if (frame.kind === 'frame') answers.push(frame.bytes.toString('latin1'));
    }
  });
  socket.on('error', () => undefined);
  const over = once(socket, 'end')
    .catch(() => undefined)
    .then(() => {
      ended = true;
    });
  const until = async (count: number): Promise<readonly string[]> => {
    const deadline = AbortSignal.timeout(5000);
    while (answers.length < count && !ended) await once(socket, 'data', { signal: deadline }).catch(() => (ended = true));
    return answers;
  };
  return { socket, answers, until, over, isEnded: () => ended };
}
