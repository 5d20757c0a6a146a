/**
 * `mllp-out`: orders to a laboratory that answers at once, by 1 and 8 lanes: the adapter as it is (decide, render, encode, note, send, pair, read,
 * judge), against a loop over as many sockets that sends a finished message and waits for any frame. The ledger is left out of both: it is
 * memory here.
 */
import { connect } from 'node:net';
import { freePorts } from '@clinstream/local';
import { frameOf } from '@clinstream/runtime/mllp';
import type { DeliveryContext, Target, Work } from '../../services/sync/src/delivery/target.ts';
import { orderOf } from '../../services/sync/src/domain/lis/test-support.ts';
import { targetFor } from '../../services/sync/src/lis/mllp/testing/target-under-test.ts';
import type { Bench, Figures } from './lib/bench.ts';
import { startProgram, untilReady } from './lib/load.ts';
import { ended } from './lib/redis.ts';
import { median, rounded } from './lib/stats.ts';

export const mllpOut: Bench = {
  about: 'orders to an instant laboratory, 1 and 8 lanes, against bare sockets (--rounds 3 --seconds 3)',
  run: async ({ rounds = 3, seconds = 3 }, say) => {
    const port = await freePorts(1);
    const lab = startProgram('bare/instant-lab.ts', { PORT: String(port) });
    await untilReady(lab);
    try {
      const figures: Record<string, number> = {};
      for (const lanes of [1, 8]) Object.assign(figures, await compare({ port, lanes, rounds, seconds }, say));
      return figures;
    } finally {
      await ended(lab, 'SIGTERM');
    }
  },
};

type Setting = { readonly port: number; readonly lanes: number; readonly rounds: number; readonly seconds: number };

async function compare(setting: Setting, say: (line: string) => void): Promise<Figures> {
  const { lanes, rounds } = setting;
  const [ours, bare]: [number[], number[]] = [[], []];
  // The first round warms both up.
  for (let round = 0; round <= rounds; round++) {
    const pair = [await byAdapter(setting), await bySockets(setting)] as const;
    if (round === 0) continue;
    ours.push(pair[0]);
    bare.push(pair[1]);
  }
  const [own, other] = [median(ours), median(bare)];
  say(`${lanes} lane(s): ${Math.round(own)} orders/s, bare ${Math.round(other)}, ratio ${rounded(own / other)}`);
  const name = `lanes_${lanes}`;
  return {
    [`${name}_per_s`]: Math.round(own),
    [`${name}_bare_per_s`]: Math.round(other),
    [`${name}_ratio`]: rounded(own / other),
  };
}

let orders = 0;
function workOf(): Work {
  const number = `B${orders++}`;
  const state = orderOf({ orderId: `order-${number}`, placerNumber: number, patientKey: `BENCH|MRN|${number}` });
  return {
    subject: { kind: 'order', state },
    id: state.orderId,
    patientKey: state.patientKey,
    related: { patient: null, order: null, observations: [] },
    delivered: null,
    intent: null,
    force: false,
    changedAt: 0,
    attempts: 0,
  };
}

const context: DeliveryContext = {
  signal: new AbortController().signal,
  intend: async () => undefined,
  publish: async () => undefined,
};

/** Twice as many patients under way as lanes, as the service has. */
async function byAdapter({ port, lanes, seconds }: Setting): Promise<number> {
  const target = targetFor(port, { client: { lanes, replyTimeoutMs: 10_000 } });
  const began = performance.now();
  const until = began + seconds * 1_000;
  const counts = await Promise.all(Array.from({ length: 2 * lanes }, () => deliverUntil(target, until)));
  const took = (performance.now() - began) / 1_000;
  await target.stop(AbortSignal.timeout(1_000));
  return counts.reduce((sum, count) => sum + count, 0) / took;
}

async function deliverUntil(target: Target, until: number): Promise<number> {
  let count = 0;
  for (; performance.now() < until; count++) {
    const [verdict] = await target.deliver([workOf()], context);
    if (verdict?.outcome !== 'delivered') throw new Error(`an order ended as ${verdict?.outcome}`);
  }
  return count;
}

async function bySockets({ port, lanes, seconds }: Setting): Promise<number> {
  const began = performance.now();
  const until = began + seconds * 1_000;
  const counts = await Promise.all(Array.from({ length: lanes }, () => sendUntil(port, until)));
  return counts.reduce((sum, count) => sum + count, 0) / ((performance.now() - began) / 1_000);
}

const finished = frameOf(
  Buffer.from(
    [
      'MSH|^~\\&|CLINSTREAM|HOSP|LIS|LAB|20261122040506.007+0000||OML^O21^OML_O21|0123456789abcdef0123|P|2.5.1||||||UNICODE UTF-8',
      'PID|1||4711^^^HIS^PI^HOSP||^^^^^^U',
      'PV1|1|U',
      'ORC|NW|P1^OCS|||||||20261118110640.000+0000|||UNKNOWN',
      'TQ1|1||||||||R',
      'OBR|1|P1^OCS||GLU^Glucose^L||||||||||||UNKNOWN',
      '',
    ].join('\r'),
  ),
);

function sendUntil(port: number, until: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let answered = 0;
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.once('connect', () => socket.write(finished));
    socket.on('data', (chunk) => {
      if (!chunk.includes(0x1c)) return;
      answered++;
      if (performance.now() < until) socket.write(finished);
      else {
        socket.destroy();
        resolve(answered);
      }
    });
  });
}
