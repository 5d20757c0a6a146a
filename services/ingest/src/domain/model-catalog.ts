/** The models requests are checked against: every version by name, newest by semantic version. Pure; loading is models/load-manifests.ts. */
import { inputSetOf, type ModelManifest } from '@clinstream/contracts';

export type KnownModel = { readonly manifest: ModelManifest; readonly inputSet: string };

export type ModelCatalog = {
  /** Newest first within a name. */
  readonly all: readonly KnownModel[];
  /** That version, or the newest when none is named; null when it is not known. */
  find(name: string, version: string | null): KnownModel | null;
  /** The newest version of the model an order with this code asks for. */
  forOrderCode(system: string, code: string): KnownModel | null;
  /** `name` → versions, newest first: what an error answer offers instead. */
  readonly known: Readonly<Record<string, readonly string[]>>;
};

export function createModelCatalog(manifests: readonly ModelManifest[]): ModelCatalog {
  const all = [...manifests].sort(byNameThenNewest).map((manifest) => ({ manifest, inputSet: inputSetOf(manifest) }));
  const versions = new Map<string, KnownModel[]>();
  for (const model of all) versions.set(model.manifest.name, [...(versions.get(model.manifest.name) ?? []), model]);
  const newest = [...versions.values()].flatMap((list) => list.slice(0, 1));
  return {
    all,
    find: (name, version) => versions.get(name)?.find((model) => version === null || model.manifest.version === version) ?? null,
    forOrderCode: (system, code) =>
      newest.find(({ manifest }) => manifest.orderCodes.some((known) => known.system === system && known.code === code)) ?? null,
    known: Object.fromEntries([...versions].map(([name, list]) => [name, list.map(({ manifest }) => manifest.version)])),
  };
}

const byNameThenNewest = (a: ModelManifest, b: ModelManifest): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : compareVersions(b.version, a.version);

/** Numeric by dotted part: 1.10.0 is newer than 1.9.0. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.');
  const right = b.split('.');
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = numberOf(left[i]) - numberOf(right[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}

const numberOf = (part: string | undefined): number => Number.parseInt(part ?? '0', 10) || 0;
