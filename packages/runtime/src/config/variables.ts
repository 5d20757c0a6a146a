/** One environment variable each: its name, what it means, what is expected of its text. Pure. */
import { createSecret, type Secret } from './secret.ts';

export type Parsed<T> = { readonly value: T } | { readonly problem: string };

export type Variable<T> = {
  readonly kind: 'variable';
  readonly name: string;
  readonly meaning: string;
  /** What a good value looks like, for messages and help. */
  readonly expected: string;
  /** A secret's text is never quoted. */
  readonly secret: boolean;
  /** Absent: the variable is required. */
  readonly fallback?: { readonly value: T; readonly shown: string };
  readonly parse: (text: string) => Parsed<T>;
};

type Options<T> = { readonly meaning: string; readonly default?: T; readonly expected?: string };

const wrong = (problem: string): { readonly problem: string } => ({ problem });

function variable<T>(
  name: string,
  options: Options<T>,
  expected: string,
  parse: Variable<T>['parse'],
  secret = false,
): Variable<T> {
  const base = {
    kind: 'variable',
    name,
    meaning: options.meaning,
    expected: options.expected ?? expected,
    secret,
    parse,
  } as const;
  if (options.default === undefined) return base;
  return { ...base, fallback: { value: options.default, shown: showDefault(options.default, secret) } };
}

const showDefault = (value: unknown, secret: boolean): string => (secret ? '***' : String(value));

/** May be left out; then null. */
export const optional = <T>(one: Variable<T>): Variable<T | null> => ({ ...one, fallback: { value: null, shown: 'none' } });

/** Any text, or text of a pattern. */
export const text = (name: string, options: Options<string> & { readonly pattern?: RegExp }): Variable<string> =>
  variable(name, options, options.pattern ? `text matching ${options.pattern.source}` : 'a text', (raw) =>
    options.pattern && !options.pattern.test(raw) ? wrong('does not have the expected form') : { value: raw },
  );

/** A whole number within bounds. The unit belongs into the name. */
export const integer = (
  name: string,
  options: Options<number> & { readonly min: number; readonly max: number },
): Variable<number> =>
  variable(name, options, `a whole number from ${options.min} to ${options.max}`, (raw) => {
    const value = /^-?\d{1,15}$/.test(raw) ? Number(raw) : Number.NaN;
    if (Number.isNaN(value)) return wrong('is not a whole number');
    return value < options.min || value > options.max ? wrong('is out of range') : { value };
  });

export const port = (name: string, options: Options<number>): Variable<number> =>
  integer(name, { ...options, min: 0, max: 65_535 });

export const bool = (name: string, options: Options<boolean>): Variable<boolean> =>
  variable(name, options, '`true` or `false`', (raw) => {
    if (raw === 'true') return { value: true };
    return raw === 'false' ? { value: false } : wrong('is neither `true` nor `false`');
  });

export const oneOf = <const V extends string>(
  name: string,
  options: Options<V> & { readonly values: readonly V[] },
): Variable<V> =>
  variable(name, options, `one of ${options.values.join(', ')}`, (raw) => {
    const value = options.values.find((candidate) => candidate === raw);
    return value === undefined ? wrong('is none of the known values') : { value };
  });

/** Comma-separated, trimmed, no empty entries; `values` limits what an entry may be. */
export const list = <const V extends string = string>(
  name: string,
  options: Options<readonly V[]> & { readonly values?: readonly V[]; readonly pattern?: RegExp },
): Variable<readonly V[]> =>
  variable(
    name,
    options,
    options.values ? `a comma-separated list of ${options.values.join(', ')}` : 'a comma-separated list',
    (raw) => {
      const entries = raw.split(',').map((entry) => entry.trim());
      if (entries.some((entry) => entry === '')) return wrong('has an empty entry');
      const isKnown = (entry: string): entry is V => !options.values || (options.values as readonly string[]).includes(entry);
      if (options.pattern && !entries.every((entry) => options.pattern?.test(entry)))
        return wrong('has an entry of the wrong form');
      return entries.every(isKnown) ? { value: entries } : wrong('has an unknown entry');
    },
  );

/** An absolute http(s) URL without credentials, as text without a trailing slash. */
export const url = (name: string, options: Options<string>): Variable<string> =>
  variable(name, options, 'an http:// or https:// URL without user and password', (raw) => {
    if (!URL.canParse(raw)) return wrong('is not a URL');
    const parsed = new URL(raw);
    if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') return wrong('is not an http(s) URL');
    if (parsed.username || parsed.password) return wrong('carries credentials; they have variables of their own');
    return { value: raw.replace(/\/+$/, '') };
  });

export const secret = (
  name: string,
  options: Options<Secret> & { readonly check?: (value: string) => string | null },
): Variable<Secret> =>
  variable(
    name,
    options,
    'a secret text',
    (raw) => {
      const problem = options.check?.(raw) ?? null;
      return problem === null ? { value: createSecret(raw) } : wrong(problem);
    },
    true,
  );
