/**
 * Every resource of ours says of which source version it is (facts 6.2), so that nobody writes an older state over a newer one. An extension
 * and not a tag: servers gather the tags of all versions. It is no content: the same fact told again with a newer time is not sent again.
 */
import { sha256 } from '@clinstream/contracts';
import type { AnyResource } from './types.ts';

export const sourceVersionUrl = 'urn:clinstream:source-version';

export const withSourceVersion = <R extends AnyResource>(resource: R, version: number): R => ({
  ...resource,
  extension: [...(resource.extension ?? []), { url: sourceVersionUrl, valueDecimal: version }],
});

/** The source version a resource of ours was rendered from; null where it carries none. Takes what a server answered, too. */
export function versionOfSource(resource: unknown): number | null {
  const version = extensionsOf(resource).find(isSourceVersion)?.['valueDecimal'];
  return typeof version === 'number' && Number.isSafeInteger(version) ? version : null;
}

/** Lower-case hex sha-256 of what a resource, or a list of them, says; member order and the source version do not count. */
export const canonicalDigest = (content: unknown): string => sha256(canonicalText(content));

function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value) ?? 'null';
  const members = Object.keys(value)
    .sort()
    .map((name) => [name, name === 'extension' ? withoutSourceVersion(value[name]) : value[name]] as const)
    .filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalText(member)}`).join(',')}}`;
}

function withoutSourceVersion(extensions: unknown): unknown {
  if (!Array.isArray(extensions)) return extensions;
  const rest = extensions.filter((one) => !isSourceVersion(one));
  return rest.length === 0 ? undefined : rest;
}

type Json = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const isSourceVersion = (extension: unknown): extension is Json => isRecord(extension) && extension['url'] === sourceVersionUrl;

function extensionsOf(resource: unknown): readonly unknown[] {
  const extensions = isRecord(resource) ? resource['extension'] : undefined;
  return Array.isArray(extensions) ? extensions : [];
}
