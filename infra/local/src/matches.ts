/** Does an answer hold what was expected? Pure. Expected objects name the members that matter; others are not looked at. */

/**
 * Null when it does, otherwise where it first does not. `{ "near": 0.97, "within": 0.02 }` takes a number nearby, `{ "some": X }` a list one of whose items
 * matches, `{ "oneOf": [X, Y] }` what matches one of them.
 */
export function mismatch(expected: unknown, actual: unknown, path = ''): string | null {
  if (Array.isArray(expected)) return listMismatch(expected, actual, path);
  if (typeof expected !== 'object' || expected === null) return expected === actual ? null : differs(path, expected, actual);
  if ('near' in expected && 'within' in expected) return nearMismatch(expected as Near, actual, path);
  if ('some' in expected) return someMismatch(expected.some, actual, path);
  if ('oneOf' in expected && Array.isArray(expected.oneOf)) return oneOfMismatch(expected.oneOf, actual, path);
  return membersMismatch(expected, actual, path);
}

function oneOfMismatch(expected: readonly unknown[], actual: unknown, path: string): string | null {
  return expected.some((one) => mismatch(one, actual) === null) ? null : differs(path, `one of ${short(expected)}`, actual);
}

function someMismatch(expected: unknown, actual: unknown, path: string): string | null {
  const found = Array.isArray(actual) && actual.some((item) => mismatch(expected, item) === null);
  return found ? null : `${path || '/'} has no item like ${short(expected)}`;
}

function membersMismatch(expected: object, actual: unknown, path: string): string | null {
  if (typeof actual !== 'object' || actual === null) return differs(path, expected, actual);
  const members = actual as Readonly<Record<string, unknown>>;
  for (const [name, value] of Object.entries(expected)) {
    const found = mismatch(value, members[name], `${path}/${name}`);
    if (found !== null) return found;
  }
  return null;
}

type Near = { readonly near: number; readonly within: number };

function nearMismatch({ near, within }: Near, actual: unknown, path: string): string | null {
  const close = typeof actual === 'number' && Math.abs(actual - near) <= within;
  return close ? null : differs(path, `${near} ± ${within}`, actual);
}

function listMismatch(expected: readonly unknown[], actual: unknown, path: string): string | null {
  if (!Array.isArray(actual) || actual.length !== expected.length) return differs(path, expected, actual);
  for (const [index, item] of expected.entries()) {
    const found = mismatch(item, actual[index], `${path}/${index}`);
    if (found !== null) return found;
  }
  return null;
}

const short = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 120);
const differs = (path: string, expected: unknown, actual: unknown): string =>
  `${path || '/'} is ${short(actual)}, expected ${short(expected)}`;
