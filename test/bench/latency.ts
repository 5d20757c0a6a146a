/**
 * `latency`: analyses offered over HTTP at a steady rate, each timed on one clock from the request sent to the public GET (`?wait=`) that returns its
 * result; beside it, in the same run, the floor: produce -> consume -> insert -> commit with nothing else in the way.
 * Sends are open-loop: a late answer does not delay the next request, so queueing shows.
 */
import { Agent, request } from 'undici';
import type { Bench, Figures } from './lib/bench.ts';
import { featuresOf, patientOf, random } from './lib/cases.ts';
import { measureFloor } from './lib/floor.ts';
import { type BenchStack, startBenchStack } from './lib/stack.ts';
import { percentile, rounded } from './lib/stats.ts';

export const latency: Bench = {
  about: 'accepted to visible at a steady rate, ms, beside its floor (--rate 200 --seconds 30)',
  run: async (options, say) => {
    const rate = options['rate'] ?? 200;
    const seconds = options['seconds'] ?? 30;
    const stack = await startBenchStack(say);
    try {
      await stack.startService('api');
      await stack.startService('inference');
      await stack.startService('ingest');
      const offer = await createOffer(stack);
      say('warming up');
      await offerSteadily(offer, rate, 20);
      const floor = await measureFloor(stack, rate, Math.min(10, seconds));
      const times = await offerSteadily(offer, rate, seconds);
      if (times.length < rate * seconds)
        throw new Error(`${rate * seconds - times.length} of ${rate * seconds} jobs were not answered`);
      return report(times, floor, rate, seconds, say);
    } finally {
      await stack.stop();
    }
  },
};

function report(
  times: readonly number[],
  floor: readonly number[],
  rate: number,
  seconds: number,
  say: (line: string) => void,
): Figures {
  const figures = {
    offered_per_s: rate,
    jobs: times.length,
    p50_ms: rounded(percentile(times, 50)),
    p99_ms: rounded(percentile(times, 99)),
    max_ms: rounded(Math.max(...times)),
    floor_p50_ms: rounded(percentile(floor, 50)),
    floor_p99_ms: rounded(percentile(floor, 99)),
  };
  say(
    `${rate}/s for ${seconds} s: p50 ${figures.p50_ms} ms, p99 ${figures.p99_ms} ms (floor p50 ${figures.floor_p50_ms}, p99 ${figures.floor_p99_ms}; aims 12 and 45)`,
  );
  return figures;
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
