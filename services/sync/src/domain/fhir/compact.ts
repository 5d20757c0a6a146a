/** A resource without what says nothing: FHIR knows no null, no empty list and no empty object. Pure; shares nothing with what it was given. */
export const compact = <T>(value: T): T => (emptied(value) ?? {}) as T;

function emptied(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(emptied).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  if (value === null || value === undefined || value === '') return undefined;
  if (typeof value !== 'object') return value;
  const members = Object.entries(value)
    .map(([name, member]) => [name, emptied(member)] as const)
    .filter(([, member]) => member !== undefined);
  return members.length === 0 ? undefined : Object.fromEntries(members);
}
