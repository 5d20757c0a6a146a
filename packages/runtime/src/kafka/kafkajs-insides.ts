/**
 * Replaces what kafkajs 2.2.4 offers no way to change, each piece once per process. Where its insides look different from the pinned version
 * nothing is changed; the answer says whether kafkajs now uses the replacement.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const replaced = new Set<string>();

/** The one function a module exports. Before whoever uses it has loaded it. */
export const replaceFunction = <F extends (...args: never[]) => unknown>(module: string, by: (original: F) => F): boolean =>
  once(module, () => {
    const path = require.resolve(module);
    const original: unknown = require(path);
    const loaded = require.cache[path];
    if (!loaded || typeof original !== 'function') return false;
    loaded.exports = by(original as F);
    return true;
  });

/** A method of the one class a module exports. */
export const replaceMethod = <C extends object, N extends keyof C & string>(
  module: string,
  name: N,
  by: (original: C[N]) => C[N],
): boolean =>
  once(`${module} ${name}`, () => {
    const { prototype } = require(module) as { readonly prototype: C };
    if (typeof prototype[name] !== 'function') return false;
    prototype[name] = by(prototype[name]);
    return true;
  });

function once(piece: string, replace: () => boolean): boolean {
  if (replaced.has(piece)) return true;
  try {
    if (!replace()) return false;
  } catch {
    return false;
  }
  replaced.add(piece);
  return true;
}
