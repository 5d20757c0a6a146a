/**
 * `latency`: analyses offered over HTTP at a steady rate, each timed on one clock from the request sent to the public GET (`?wait=`) that returns its
 * result; beside it, in the same run, the floor: produce -> consume -> insert -> commit with nothing else in the way.
 * Sends are open-loop: a late answer does not delay the next request, so queueing shows. The medians of the rounds are reported: two processors that
 * the system and its client fill make one round twice another.
 */
import { Agent, request } from 'undici';
import type { Bench, Figures } from './lib/bench.ts';
import { featuresOf, patientOf, random } from './lib/cases.ts';
import { measureFloor } from './lib/floor.ts';
import { type BenchStack, startBenchStack } from './lib/stack.ts';
import { median, percentile, rounded } from './lib/stats.ts';

export const latency: Bench = {
  about: 'accepted to visible at a steady rate, ms, beside its floor (--rate 200 --seconds 30 --rounds 3)',
  run: async (options, say) => {
    const rate = options['rate'] ?? 200;
    const seconds = options['seconds'] ?? 30;
    const rounds = options['rounds'] ?? 3;
    const stack = await startBenchStack(say);
    try {
      await stack.startService('api');
      await stack.startService('inference');
      await stack.startService('ingest');
      const offer = await createOffer(stack);
      say('warming up');
      await offerSteadily(offer, rate, 20);
      const measured: Round[] = [];
      for (let n = 1; n <= rounds; n++) {
        const round = await runRound(stack, offer, rate, seconds);
        say(`round ${n}: p50 ${round.p50} ms, p99 ${round.p99} ms (floor p50 ${round.floorP50}, p99 ${round.floorP99})`);
        measured.push(round);
      }
      return report(measured, rate, seconds, say);
    } finally {
      await stack.stop();
    }
  },
};

/** Milliseconds. */
type Round = Readonly<Record<'p50' | 'p99' | 'max' | 'floorP50' | 'floorP99', number>>;

async function runRound(stack: BenchStack, offer: Offer, rate: number, seconds: number): Promise<Round> {
  const floor = await measureFloor(stack, rate, Math.min(10, seconds));
  const times = await offerSteadily(offer, rate, seconds);
  if (times.length < rate * seconds)
    throw new Error(`${rate * seconds - times.length} of ${rate * seconds} jobs were not answered`);
  return {
    p50: rounded(percentile(times, 50)),
    p99: rounded(percentile(times, 99)),
    max: rounded(Math.max(...times)),
    floorP50: rounded(percentile(floor, 50)),
    floorP99: rounded(percentile(floor, 99)),
  };
}

function report(rounds: readonly Round[], rate: number, seconds: number, say: (line: string) => void): Figures {
  const of = (figure: keyof Round): number => median(rounds.map((round) => round[figure]));
  say(`${rate}/s for ${rounds.length} × ${seconds} s: p50 ${of('p50')} ms, p99 ${of('p99')} ms (aims 12 and 45)`);
  return {
    offered_per_s: rate,
    jobs: rate * seconds * rounds.length,
    p50_ms: of('p50'),
    p99_ms: of('p99'),
    p99_ms_worst: Math.max(...rounds.map(({ p99 }) => p99)),
    max_ms: Math.max(...rounds.map(({ max }) => max)),
    floor_p50_ms: of('floorP50'),
    floor_p99_ms: of('floorP99'),
  };
}

type Offer = (index: number) => Promise<number | null>;

async function createOffer(stack: BenchStack): Promise<Offer> {
  const headers = { authorization: `Bearer ${await stack.token()}`, 'content-type': 'application/json' };
  // The client shares the machine with what it measures; `fetch` costs several times as much.
  const dispatcher = new Agent({ connections: 256, pipelining: 1 });
  const next = random(11);
  return async (index) => {
    const [facility, authority, id] = patientOf(index, stack.keys).split('|');
    const features = featuresOf(stack.manifest, next);
    const inputs = Object.fromEntries(stack.manifest.inputs.map((input, i) => [input.name, features[i]]));
    const body = JSON.stringify({ patient: { facility, authority, id }, model: stack.manifest.name, inputs });
    const sentAt = performance.now();
    const url = `http://127.0.0.1:${stack.ports.ingestHttp}/v1/analyses`;
    const accepted = await request(url, { dispatcher, method: 'POST', headers, body });
    await accepted.body.dump();
    const { location } = accepted.headers;
    if (accepted.statusCode !== 202 || typeof location !== 'string') return null;
    const answer = await request(`${location}${location.includes('?') ? '&' : '?'}wait=10`, { dispatcher, headers });
    const shown = (await answer.body.json()) as { status?: string };
    return shown.status === 'completed' ? performance.now() - sentAt : null;
  };
}

/** Milliseconds of each answered job; jobs are sent on a fixed schedule whatever becomes of the earlier ones. */
async function offerSteadily(offer: Offer, rate: number, seconds: number): Promise<readonly number[]> {
  const running: Promise<number | null>[] = [];
  const start = performance.now();
  await new Promise<void>((resolve) => {
    const tick = setInterval(() => {
      const due = Math.min(rate * seconds, Math.floor(((performance.now() - start) * rate) / 1000));
      while (running.length < due) running.push(offer(running.length).catch(() => null));
      if (running.length >= rate * seconds) {
        clearInterval(tick);
        resolve();
      }
    }, 1);
  });
  return (await Promise.all(running)).filter((time) => time !== null);
}
