/** Looking into JSON that somebody else wrote: every read says what it expects and gives null otherwise. Pure. */

export type JsonRecord = { readonly [field: string]: unknown };

export const isObject = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const textIn = (value: unknown, field: string): string | null => {
  const found = isObject(value) ? value[field] : null;
  return typeof found === 'string' && found !== '' ? found : null;
};

export const objectIn = (value: unknown, field: string): JsonRecord | null => {
  const found = isObject(value) ? value[field] : null;
  return isObject(found) ? found : null;
};

/** The objects of an array; none when it is no array. */
export const objectsIn = (value: unknown, field: string): readonly JsonRecord[] => {
  const found = isObject(value) ? value[field] : null;
  return Array.isArray(found) ? found.filter(isObject) : [];
};

/** The object a text is, or null. */
export function parseObject(text: string | null): JsonRecord | null {
  if (text === null || text === '') return null;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
