/** Reads a JSON object member by member and gathers what is wrong, each with its place, instead of stopping at the first. Pure. */

type TextRules = {
  readonly fallback?: string;
  readonly empty?: boolean;
  readonly pattern?: RegExp;
  readonly check?: (text: string) => boolean;
  /** Names what `pattern` or `check` expects. */
  readonly wanted?: string;
};

export type Reader = {
  text(name: string, rules?: TextRules): string;
  optionalText(name: string): string | null;
  integer(name: string, minimum: number, maximum: number, fallback: number): number;
  optionalInteger(name: string, minimum: number, maximum: number): number | null;
  flag(name: string, fallback: boolean): boolean;
  choice<const T extends string>(name: string, of: readonly T[], fallback: T): T;
  choices<const T extends string>(name: string, of: readonly T[], fallback: readonly T[]): readonly T[];
  object<T>(name: string, read: (reader: Reader) => T): T | null;
  optionalObject<T>(name: string, read: (reader: Reader) => T): T | null;
  list<T>(name: string, read: (reader: Reader) => T): readonly T[];
  problem(name: string, text: string): void;
  /** Says which members nobody asked for. */
  finish(): void;
};

export function createReader(json: unknown, path: string, problems: string[]): Reader {
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
  if (!isObject) problems.push(`${path || '/'}: an object is needed`);
  const members = (isObject ? json : {}) as Readonly<Record<string, unknown>>;
  const asked = new Set<string>();
  const problem = (name: string, text: string): void => {
    // One problem says enough where there is no object at all.
    if (isObject) problems.push(`${path}/${name}: ${text}`);
  };
  const take = (name: string): unknown => {
    asked.add(name);
    return Object.hasOwn(members, name) ? members[name] : undefined;
  };

  function text(name: string, rules: TextRules = {}): string {
    const value = take(name) ?? rules.fallback;
    const isText = typeof value === 'string' && (value !== '' || rules.empty === true);
    const wrong = isText ? wrongWith(value, rules) : value === undefined ? 'is missing' : 'a text is needed';
    if (wrong !== null) problem(name, wrong);
    return isText ? value : '';
  }

  function integer(name: string, minimum: number, maximum: number, fallback: number): number {
    const value = take(name) ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum) return value;
    problem(name, `a whole number from ${minimum} to ${maximum} is needed`);
    return fallback;
  }

  function choices<const T extends string>(name: string, of: readonly T[], fallback: readonly T[]): readonly T[] {
    const value = take(name) ?? fallback;
    const chosen = Array.isArray(value) ? of.filter((one) => value.includes(one)) : [];
    if (Array.isArray(value) && chosen.length > 0 && chosen.length === value.length) return chosen;
    problem(name, `a list out of ${of.join(', ')} is needed`);
    return fallback;
  }

  function choice<const T extends string>(name: string, of: readonly T[], fallback: T): T {
    const value = take(name) ?? fallback;
    const chosen = of.find((one) => one === value);
    if (chosen === undefined) problem(name, `must be one of ${of.join(', ')}`);
    return chosen ?? fallback;
  }

  function flag(name: string, fallback: boolean): boolean {
    const value = take(name) ?? fallback;
    if (typeof value !== 'boolean') problem(name, 'true or false is needed');
    return value === true;
  }

  function object<T>(name: string, read: (reader: Reader) => T): T | null {
    const value = take(name);
    if (value !== undefined) return read(createReader(value, `${path}/${name}`, problems));
    problem(name, 'is missing');
    return null;
  }

  function list<T>(name: string, read: (reader: Reader) => T): readonly T[] {
    const value = take(name);
    if (Array.isArray(value)) return value.map((one, i) => read(createReader(one, `${path}/${name}/${i}`, problems)));
    problem(name, value === undefined ? 'is missing' : 'a list is needed');
    return [];
  }

  const isAbsent = (name: string): boolean => (take(name) ?? null) === null;

  return {
    text,
    optionalText: (name) => (isAbsent(name) ? null : text(name)),
    integer,
    optionalInteger: (name, minimum, maximum) => (isAbsent(name) ? null : integer(name, minimum, maximum, minimum)),
    flag,
    choice,
    choices,
    object,
    optionalObject: (name, read) => (isAbsent(name) ? null : object(name, read)),
    list,
    problem,
    finish: () => {
      for (const name of Object.keys(members)) if (!asked.has(name)) problem(name, 'is no setting');
    },
  };
}

function wrongWith(value: string, { pattern, check, wanted }: TextRules): string | null {
  if (pattern?.test(value) === false) return `must look like ${wanted ?? pattern.source}`;
  return check?.(value) === false ? `must be ${wanted ?? 'valid'}` : null;
}
