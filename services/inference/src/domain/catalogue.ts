/** Which model a job means. Pure. */
import type { ModelManifest } from '@clinstream/contracts';

/** What the rules need of a model that is loaded. */
export type KnownModel = { readonly manifest: ModelManifest; readonly inputSet: string };

export type Found<M> =
  | { readonly kind: 'found'; readonly model: M }
  | { readonly kind: 'unknown-model' }
  | { readonly kind: 'unknown-version' };

/** Looks a model up by name and version; `null` as version means the newest that is loaded. */
export type Catalogue<M extends KnownModel> = { find(name: string, version: string | null): Found<M> };

export function createCatalogue<M extends KnownModel>(models: readonly M[]): Catalogue<M> {
  const byName = new Map<string, Map<string | null, Found<M>>>();
  for (const model of [...models].sort((a, b) => compareVersions(a.manifest.version, b.manifest.version))) {
    const versions = byName.get(model.manifest.name) ?? new Map<string | null, Found<M>>();
    const found: Found<M> = { kind: 'found', model };
    versions.set(model.manifest.version, found).set(null, found);
    byName.set(model.manifest.name, versions);
  }
  return {
    find: (name, version) => {
      const versions = byName.get(name);
      return versions === undefined ? unknownModel : (versions.get(version) ?? unknownVersion);
    },
  };
}

const unknownModel = { kind: 'unknown-model' } as const;
const unknownVersion = { kind: 'unknown-version' } as const;

/** Negative when a is older. Versions are `major.minor.patch`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
