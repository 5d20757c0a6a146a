/**
 * The sample hospital day: samples/day.json is a list of steps that go through the public doors, each with the answer expected.
 *
 * A step sends one HTTP request or one HL7 message, may be repeated, may be asked again until its answer holds (`withinMs`), may keep parts of the
 * answer for later steps (`save`), and may follow the AI job it started to its end (`follow`). `${name}` stands for something kept, `${n}` for
 * the repetition from 1, in paths, headers and bodies. Steps run in order; the repetitions of one run side by side.
 * Playing the same day again sends the same keys and control ids, so it changes nothing.
 */
import { readFileSync } from 'node:fs';

export type HttpSend = {
  readonly to: 'ingest' | 'api';
  readonly method: string;
  readonly path: string;
  /** Null sends no token. */
  readonly role: string | null;
  readonly client?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** File below samples/, sent as it is. */
  readonly bodyFile?: string;
};

export type MllpSend = {
  /** File below samples/; its lines are the segments. */
  readonly file: string;
};

/** Which job to wait for: the one a 202 answer named, or the one an order placed by HL7 asks for. */
export type Follow = {
  readonly order?: { readonly authority: string; readonly number: string; readonly model: string };
  readonly role?: string;
  /** What the analysis must hold once it has ended. */
  readonly expect: Readonly<Record<string, unknown>>;
};

export type Step = {
  readonly name: string;
  readonly http?: HttpSend;
  readonly mllp?: MllpSend;
  readonly expect: {
    readonly status?: number;
    readonly body?: unknown;
    /** MSA-1. */
    readonly ack?: string;
  };
  readonly save?: Readonly<Record<string, string>>;
  readonly repeat?: number;
  readonly withinMs?: number;
  readonly follow?: Follow;
};

/** What must stand outside at the end, at least: resources by type in the FHIR server, `orders` in the laboratory. */
export type ExpectedDeliveries = {
  readonly fhir?: Readonly<Record<string, number>>;
  readonly lis?: Readonly<Record<string, number>>;
};

export type SampleDay = { readonly title: string; readonly steps: readonly Step[]; readonly delivered?: ExpectedDeliveries };

/** Throws with the file's name when it is no day. */
export function readSampleDay(file: string): SampleDay {
  const day = JSON.parse(readFileSync(file, 'utf8')) as SampleDay;
  if (!Array.isArray(day.steps)) throw new Error(`${file}: there are no steps`);
  for (const step of day.steps) {
    if (!step.name || (step.http === undefined) === (step.mllp === undefined)) {
      throw new Error(`${file}: each step needs a name and either http or mllp: ${JSON.stringify(step).slice(0, 100)}`);
    }
  }
  return day;
}

/** Puts kept values in the place of `${name}`. Throws when there is none of that name. */
export function substitute(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{([a-zA-Z0-9_]+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`nothing was saved as ${name}`);
    return value;
  });
}

/** The value at a dotted path, as text. */
export function pick(path: string, body: unknown): string | undefined {
  let value: unknown = body;
  for (const name of path.split('.')) value = (value as Readonly<Record<string, unknown>> | null | undefined)?.[name];
  return value === undefined || value === null ? undefined : String(value);
}
