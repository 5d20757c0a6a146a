/**
 * Reads a whole configuration from an environment, all problems at once. Pure: the environment is an argument, nothing is opened.
 * A message names the variable, what is wrong and what is expected; a value is never quoted, a setting may hold a secret by mistake.
 */
import type { Variable } from './variables.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** Reports a problem found when looking at several variables together. */
export type Complain = (variable: string, problem: string) => void;

/** Variables that belong together, checked together and handed out in one shape. */
export type Group<T> = {
  readonly kind: 'group';
  readonly fields: ConfigSpec;
  /** Sees only values that are each fine by themselves. */
  readonly build: (values: never, complain: Complain) => T;
};
export type ConfigSpec = { readonly [field: string]: Variable<unknown> | Group<unknown> };
export type ConfigOf<S extends ConfigSpec> = {
  readonly [K in keyof S]: S[K] extends Variable<infer T> ? T : S[K] extends Group<infer T> ? T : never;
};

export const group = <const S extends ConfigSpec, T>(
  fields: S,
  build: (values: ConfigOf<S>, complain: Complain) => T,
): Group<T> => ({
  kind: 'group',
  fields,
  build: build as Group<T>['build'],
});

export type ConfigProblem = { readonly variable: string; readonly problem: string; readonly expected: string | null };

/** Not an AppError: it happens before there is anything to retry, and is told to a person. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(
      `configuration: ${problems.length} problem${problems.length === 1 ? '' : 's'}\n${problems.map(describeProblem).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

const describeProblem = ({ variable, problem, expected }: ConfigProblem): string =>
  `  ${variable} ${problem}${expected === null ? '' : `; expected ${expected}`}`;

/** Throws ConfigError naming every problem. The result is frozen. */
export function readConfig<const S extends ConfigSpec>(env: Env, spec: S): ConfigOf<S> {
  const problems: ConfigProblem[] = [];
  const config = readFields(env, spec, problems);
  if (problems.length > 0 || config === null) throw new ConfigError(problems);
  return config as ConfigOf<S>;
}

/** Null when something in these fields is wrong; the problems say what. */
function readFields(env: Env, spec: ConfigSpec, problems: ConfigProblem[]): object | null {
  const before = problems.length;
  const entries = Object.entries(spec).map(([field, one]) => [
    field,
    one.kind === 'group' ? readGroup(env, one, problems) : readVariable(env, one, problems),
  ]);
  return problems.length > before ? null : Object.freeze(Object.fromEntries(entries));
}

function readGroup(env: Env, one: Group<unknown>, problems: ConfigProblem[]): unknown {
  const values = readFields(env, one.fields, problems);
  if (values === null) return null;
  const built = one.build(values as never, (variable, problem) => problems.push({ variable, problem, expected: null }));
  return typeof built === 'object' && built !== null ? Object.freeze(built) : built;
}

/** An empty text counts as unset, as compose files and shells produce it. */
function readVariable(env: Env, one: Variable<unknown>, problems: ConfigProblem[]): unknown {
  const raw = (env[one.name] ?? '').trim();
  if (raw === '') {
    if (one.fallback) return one.fallback.value;
    problems.push({ variable: one.name, problem: 'is not set', expected: one.expected });
    return null;
  }
  const parsed = one.parse(raw);
  if ('value' in parsed) return parsed.value;
  problems.push({ variable: one.name, problem: parsed.problem, expected: one.expected });
  return null;
}

/** A `parseConfig` that can also explain itself for `--help`. */
export type ConfigParser<T> = ((env: Env) => T) & { readonly help: () => string };

export const defineConfig = <const S extends ConfigSpec>(spec: S): ConfigParser<ConfigOf<S>> =>
  Object.assign((env: Env) => readConfig(env, spec), { help: () => describeConfig(spec) });

/** All variables of a configuration, one line each: name, meaning, expected value, default. */
export function describeConfig(spec: ConfigSpec): string {
  const variables = variablesOf(spec);
  const width = Math.max(...variables.map((one) => one.name.length));
  return variables
    .map((one) => {
      const rest = one.fallback ? `default ${one.fallback.shown}` : 'required';
      return `  ${one.name.padEnd(width)}  ${one.meaning} (${one.expected}; ${rest})`;
    })
    .join('\n');
}

/** Every variable of a spec, groups opened, in order, each once. */
export function variablesOf(spec: ConfigSpec): readonly Variable<unknown>[] {
  const all = Object.values(spec).flatMap((one) => (one.kind === 'group' ? variablesOf(one.fields) : [one]));
  return all.filter((one, i) => all.findIndex((other) => other.name === one.name) === i);
}
