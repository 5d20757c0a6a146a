/** A model as Device, one per version and file (facts 6.12): written at deployment, never in bundles, and without AIAST: it was not made by AI. Pure. */
import type { ModelManifest } from '@clinstream/contracts';
import type { Device, Identifier, Reference } from 'fhir/r4.d.ts';
import { compact } from './compact.ts';
import type { Result } from './decide-release.ts';
import { ids } from './ids.ts';
import { ownMeta } from './parts.ts';
import { withSourceVersion } from './source-version.ts';
import { identifiersOf, systems } from './systems.ts';
import { lineOf } from './text.ts';
import type { RenderSettings } from './types.ts';

/** Said wherever a demonstration model's output is read. */
export const demonstrationWords = 'Demonstration model: not for clinical use.';

export const aiDeviceType = { coding: [{ system: systems.aiDeviceType, code: 'Artificial-Intelligence' }] };

export function deviceFor(manifest: ModelManifest, settings: RenderSettings): Device {
  const { name, version, digest } = manifest;
  const device: Device = {
    resourceType: 'Device',
    id: ids.device(name, version, digest),
    meta: ownMeta(settings),
    identifier: [modelIdentifier(manifest, settings)],
    status: 'active',
    deviceName: [
      { name: lineOf(manifest.title) ?? name, type: 'user-friendly-name' },
      { name, type: 'model-name' },
    ],
    type: aiDeviceType,
    version: [{ value: version }],
    note: manifest.demonstration ? [{ text: demonstrationWords }] : undefined,
  };
  // Content belongs to the file: another file is another device.
  return compact(withSourceVersion(device, 0));
}

type Model = { readonly name: string; readonly version: string | null; readonly digest: string | null };

const modelIdentifier = ({ name, version, digest }: Model, settings: RenderSettings): Identifier => ({
  system: identifiersOf(settings, 'model'),
  value: [name, version, digest].filter((part) => part !== null).join('@'),
});

export const manifestOf = (
  result: Pick<Result, 'model' | 'modelVersion'>,
  manifests: readonly ModelManifest[],
): ModelManifest | null =>
  manifests.find(({ name, version }) => name === result.model && version === result.modelVersion) ?? null;

/** By reference where the Device was written at deployment, else by identifier. */
export function deviceReference(
  { model, modelVersion, modelDigest }: Pick<Result, 'model' | 'modelVersion' | 'modelDigest'>,
  manifests: readonly ModelManifest[],
  settings: RenderSettings,
): Reference {
  const known = manifests.some(
    ({ name, version, digest }) => name === model && version === modelVersion && digest === modelDigest,
  );
  if (known && modelVersion !== null && modelDigest !== null) {
    return { reference: `Device/${ids.device(model, modelVersion, modelDigest)}` };
  }
  return { type: 'Device', identifier: modelIdentifier({ name: model, version: modelVersion, digest: modelDigest }, settings) };
}
