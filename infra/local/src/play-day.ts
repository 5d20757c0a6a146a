/** Plays a sample day against running services and says what became of it. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { orderIdOf } from '@clinstream/contracts';
import { mismatch } from './matches.ts';
import { type Follow, type HttpSend, pick, type SampleDay, type Step, substitute } from './sample-day.ts';
import { readMessage, sendMllp } from './send-mllp.ts';

export type DayDoors = {
  readonly ingestUrl: string;
  readonly apiUrl: string;
  readonly mllpPort: number;
  token(role: string, client: string | undefined): Promise<string>;
};

export type StepResult = { readonly name: string; readonly why: string | null };
export type DayResult = {
  readonly title: string;
  readonly steps: readonly StepResult[];
  /** Requests answered 202 and messages acknowledged positively. */
  readonly accepted: number;
  /** Followed jobs by the status they ended with. */
  readonly ended: ReadonlyMap<string, number>;
  /** Per followed job, milliseconds from sending until the end was readable. */
  readonly visibleMs: readonly number[];
  readonly firstAcceptedAt: number | null;
};

type Answer = { readonly status: number | null; readonly ack: string | null; readonly body: unknown };
type Values = Record<string, string>;

const followDeadlineMs = 60_000;
const sideBySide = 8;

export async function playDay(
  day: SampleDay,
  dayFile: string,
  doors: DayDoors,
  report: (result: StepResult) => void,
): Promise<DayResult> {
  const player = createPlayer(dirname(dayFile), doors);
  const steps: StepResult[] = [];
  for (const step of day.steps) {
    const result = { name: step.name, why: await player.play(step) };
    steps.push(result);
    report(result);
  }
  return { title: day.title, steps, ...player.counts() };
}

function createPlayer(folder: string, doors: DayDoors) {
  const saved: Values = {};
  const ended = new Map<string, number>();
  const visibleMs: number[] = [];
  let accepted = 0;
  let firstAcceptedAt: number | null = null;

  const send = async (step: Step, values: Values): Promise<Answer> => {
    if (step.http) return await sendHttp(step.http, folder, doors, values);
    const { code, text } = await sendMllp(doors.mllpPort, readMessage(join(folder, step.mllp?.file ?? '')));
    return { status: null, ack: code, body: text };
  };

  const follow = async (wanted: Follow, answer: Answer, began: number): Promise<string | null> => {
    const url = await followUrl(wanted, answer, doors);
    if (url === null) return 'the answer names no job to follow';
    const analysis = await untilEnded(url, wanted.role ?? 'doctor', doors);
    if (analysis === null) return `the job had not ended after ${followDeadlineMs / 1000} s`;
    visibleMs.push(performance.now() - began);
    ended.set(analysis.status, (ended.get(analysis.status) ?? 0) + 1);
    return mismatch(wanted.expect, analysis);
  };

  const once = async (step: Step, values: Values): Promise<string | null> => {
    const began = performance.now();
    const answer = await send(step, values);
    const why = unexpected(step, answer, values);
    if (why !== null) return why;
    if (answer.status === 202 || answer.ack === 'AA' || answer.ack === 'CA') {
      accepted += 1;
      firstAcceptedAt ??= performance.now();
    }
    for (const [name, path] of Object.entries(step.save ?? {})) {
      const value = pick(path, answer.body);
      if (value === undefined) return `the answer has no ${path}`;
      saved[name] = value;
    }
    return step.follow ? await follow(step.follow, answer, began) : null;
  };

  const untilHolds = async (step: Step, values: Values): Promise<string | null> => {
    const until = performance.now() + (step.withinMs ?? 0);
    for (;;) {
      const why = await once(step, values).catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
      if (why === null || performance.now() >= until) return why;
      await delay(100);
    }
  };

  const play = async (step: Step): Promise<string | null> => {
    const waiting = Array.from({ length: step.repeat ?? 1 }, (_, index) => index + 1);
    let first: string | null = null;
    const work = async () => {
      for (let n = waiting.shift(); n !== undefined; n = waiting.shift()) {
        const why = await untilHolds(step, { ...saved, n: String(n) });
        if (why !== null) first ??= step.repeat ? `repetition ${n}: ${why}` : why;
      }
    };
    await Promise.all(Array.from({ length: Math.min(sideBySide, waiting.length) }, work));
    return first;
  };
  return { play, counts: () => ({ accepted, ended, visibleMs, firstAcceptedAt }) };
}

function unexpected({ expect }: Step, answer: Answer, values: Values): string | null {
  const shown = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
  if (expect.status !== undefined && answer.status !== expect.status) {
    return `answered ${answer.status}, expected ${expect.status}: ${shown?.slice(0, 300)}`;
  }
  if (expect.ack !== undefined && answer.ack !== expect.ack) {
    return `acknowledged ${answer.ack}, expected ${expect.ack}: ${shown?.replaceAll('\r', ' ⏎ ').slice(0, 300)}`;
  }
  if (expect.body === undefined) return null;
  return mismatch(JSON.parse(substitute(JSON.stringify(expect.body), values)), answer.body);
}

async function sendHttp(http: HttpSend, folder: string, doors: DayDoors, values: Values): Promise<Answer> {
  const base = http.to === 'ingest' ? doors.ingestUrl : doors.apiUrl;
  const authorization = http.role === null ? {} : { authorization: `Bearer ${await doors.token(http.role, http.client)}` };
  const text = http.bodyFile
    ? readFileSync(join(folder, http.bodyFile), 'utf8')
    : http.body === undefined
      ? null
      : JSON.stringify(http.body);
  const headers = Object.entries(http.headers ?? {}).map(
    ([name, value]) => [name.toLowerCase(), substitute(value, values)] as const,
  );
  const response = await fetch(`${base}${substitute(http.path, values)}`, {
    method: http.method,
    headers: {
      ...authorization,
      ...(text === null ? {} : { 'content-type': 'application/json' }),
      ...Object.fromEntries(headers),
    },
    signal: AbortSignal.timeout(90_000),
    ...(text === null ? {} : { body: substitute(text, values) }),
  });
  const answer = await response.text();
  return { status: response.status, ack: null, body: parseBody(answer) };
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function followUrl({ order, role }: Follow, answer: Answer, doors: DayDoors): Promise<URL | null> {
  if (order) return await urlOfOrderedJob(orderIdOf(order.authority, order.number), role ?? 'doctor', doors);
  const self = pick('links.self', answer.body) ?? pick('analysis.links.self', answer.body);
  return self ? new URL(self) : null;
}

/** An order placed by HL7 is answered without a link: the order names its job as soon as it can be read. */
async function urlOfOrderedJob(orderId: string, role: string, doors: DayDoors): Promise<URL | null> {
  const until = performance.now() + followDeadlineMs;
  while (performance.now() < until) {
    const headers = { authorization: `Bearer ${await doors.token(role, undefined)}` };
    const response = await fetch(new URL(`/v1/orders/${orderId}`, doors.apiUrl), {
      headers,
      signal: AbortSignal.timeout(30_000),
    });
    const { analysisJobId } = parseBody(await response.text()) as { readonly analysisJobId?: string | null };
    if (response.ok && analysisJobId) return new URL(`/v1/analyses/${analysisJobId}`, doors.apiUrl);
    await delay(50);
  }
  return null;
}

const endings = new Set(['completed', 'abstained', 'failed', 'cancelled']);

async function untilEnded(url: URL, role: string, doors: DayDoors): Promise<{ readonly status: string } | null> {
  url.searchParams.set('wait', '10');
  const until = performance.now() + followDeadlineMs;
  while (performance.now() < until) {
    const headers = { authorization: `Bearer ${await doors.token(role, undefined)}` };
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(30_000) });
    const body = parseBody(await response.text()) as { readonly status?: string };
    if (response.ok && body.status !== undefined && endings.has(body.status)) return { ...body, status: body.status };
    // Placed by HL7, the job may not stand in the log yet.
    if (!response.ok) await delay(50);
  }
  return null;
}
