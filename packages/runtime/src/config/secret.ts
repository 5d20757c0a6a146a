/** A value that must not be printed: every way of turning it into text gives `***`. Only `reveal` hands it out, to the one who connects. */
import { inspect } from 'node:util';

export type Secret = { reveal(): string; toString(): string; toJSON(): string };

export const createSecret = (value: string): Secret =>
  Object.freeze({
    reveal: () => value,
    toString: () => '***',
    toJSON: () => '***',
    [inspect.custom]: () => '***',
  });
