/** The little that writing needs to know of a resource: its place, whose it is, and of which source version. Pure. */
import { sourceVersionUrl, versionOfSource } from '../domain/fhir/source-version.ts';
import { isObject, type JsonRecord, objectIn, textIn } from './json.ts';

export type Resource = { readonly resourceType: string; readonly id?: string | undefined };

/** `Type/id`. Throws for a resource without id: ours all have one. */
export function keyOf(resource: Resource): string {
  if (!resource.id) throw new TypeError('a rendered resource has no id');
  return `${resource.resourceType}/${resource.id}`;
}

/** Who wrote it, where it says so; servers append `#<request id>`. */
const sourceOf = (resource: unknown): string | null => textIn(objectIn(resource, 'meta'), 'source')?.split('#')[0] || null;

/** We wrote it, and nobody who tells their name has since: all of ours carry a source version. */
export const isOurs = (theirs: JsonRecord, ours: Resource): boolean =>
  versionOfSource(theirs) !== null && (sourceOf(ours) === null || sourceOf(theirs) === sourceOf(ours));

/** Whether `theirs` holds all that `ours` says: a server may add members, narrative and meta of its own. */
export function holds(theirs: unknown, ours: unknown): boolean {
  if (Array.isArray(ours)) {
    return Array.isArray(theirs) && theirs.length === ours.length && ours.every((one, index) => holds(theirs[index], one));
  }
  if (!isObject(ours)) return theirs === ours;
  return isObject(theirs) && Object.keys(ours).every((name) => ours[name] === undefined || holds(theirs[name], ours[name]));
}

/** All we say of it; `meta` and the source version, which is no content, apart. */
export const saysAll = (theirs: JsonRecord, ours: Resource): boolean => holds(bodyOf(theirs), bodyOf(ours));

function bodyOf(resource: object): object {
  const { meta: _meta, extension, ...body } = resource as { readonly meta?: unknown; readonly extension?: unknown };
  const rest = Array.isArray(extension) ? extension.filter((one) => textIn(one, 'url') !== sourceVersionUrl) : [];
  return rest.length === 0 ? body : { ...body, extension: rest };
}

/** The same content as far as a reader is concerned; of `meta` only what we set. */
export const isSameContent = (theirs: JsonRecord, ours: Resource): boolean =>
  saysAll(theirs, ours) && metaListsHeld(objectIn(theirs, 'meta'), objectIn(ours, 'meta'));

/** Servers keep tags, security labels and profiles as sets. */
function metaListsHeld(theirs: JsonRecord | null, ours: unknown): boolean {
  return ['tag', 'security', 'profile'].every((name) => {
    const wanted = isObject(ours) ? ours[name] : undefined;
    const found = theirs?.[name];
    if (!Array.isArray(wanted) || wanted.length === 0) return true;
    return Array.isArray(found) && wanted.every((one) => found.some((other) => holds(other, one)));
  });
}
