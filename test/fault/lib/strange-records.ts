/** Records and messages no good sender makes, and one number read from a service's metrics. */
import { randomUUID } from 'node:crypto';
import type { Random } from '@clinstream/testkit/oracle/index';
import { analysisBody, openMllp, readCases, textResultMessage } from '@clinstream/testkit/oracle/index';
import type { Part } from './part.ts';
import type { Rig } from './rig.ts';

/** No Avro, an id nobody registered, a frame that ends too soon, nothing at all. */
export function poisonValues(random: Random): readonly Buffer[] {
  const unknownId = Buffer.alloc(12, 7);
  unknownId.writeUInt8(0, 0);
  unknownId.writeInt32BE(2_000_000 + random.integer(1000), 1);
  return [Buffer.from('not a record'), unknownId, Buffer.of(0, 0, 0), Buffer.alloc(0)];
}

/** Appends values as they are; without a partition, to any. Resolves with how many. */
export async function appendRaw(rig: Rig, topic: string, values: readonly Buffer[], partition?: number): Promise<number> {
  const producer = rig.connection.client().producer({ allowAutoTopicCreation: false });
  await producer.connect();
  try {
    const messages = values.map((value, index) => ({
      key: `strange-${index}`,
      value,
      ...(partition === undefined ? {} : { partition }),
    }));
    await producer.send({ topic, acks: -1, messages });
    return values.length;
  } finally {
    await producer.disconnect();
  }
}

/** A result of nearly a megabyte by MLLP, and a line of 300 kB between two good ones; tells how they were answered. */
export async function sendOversized(
  rig: Rig,
  round: number,
  sends: (orderIds: readonly string[]) => void,
): Promise<{ readonly mllp: string; readonly batch: string }> {
  const line = openMllp(rig.mllpPort, 10_000);
  const name = `large-${Date.now()}-${round}`;
  const mllp = await line.send(
    textResultMessage({ controlId: name, patientId: name, number: name, time: new Date() }, 'x'.repeat(950_000)),
  );
  line.close();
  return { mllp, batch: await sendLargeLine(rig, sends) };
}

/** Lines that are refused have no reference to be told by, so the answers are read by their number. */
async function sendLargeLine({ http }: Rig, sends: (orderIds: readonly string[]) => void): Promise<string> {
  const { manifest, cases } = readCases();
  const features = cases[0]?.features ?? [];
  const good = (reference: string): string =>
    JSON.stringify({
      reference,
      ...analysisBody({ orderId: reference, patientId: reference, lane: 'stat', features }, manifest),
    });
  const [first, last] = [`large-${randomUUID()}`, `large-${randomUUID()}`] as const;
  sends([first, last]);
  const response = await fetch(`${http.url}/v1/analyses:batch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${http.token}`, 'content-type': 'application/x-ndjson' },
    body: `${good(first)}\n${'y'.repeat(300_000)}\n${good(last)}\n`,
    signal: AbortSignal.timeout(http.timeoutMs),
  });
  const lines = (await response.text()).trim().split('\n');
  return lines.map((line) => String((JSON.parse(line) as { status: number }).status).replace(/^4\d\d$/, '4xx')).join(',');
}

/** Sum of a counter over its labels, or of those that have that one, as `reason="crashed"`; 0 where it is not there. */
export async function metricOf(part: Part, name: string, label = ''): Promise<number> {
  const response = await fetch(`${part.opsUrl()}/metrics`, { signal: AbortSignal.timeout(3_000) });
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return lines
    .filter((line) => line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
