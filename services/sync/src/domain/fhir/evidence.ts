/** Why a model said so: the share each input had in the result (SHAP), one component each in the order the model declares them. Pure. */
import { type Evidence, inputSetOf, type ModelManifest } from '@clinstream/contracts';
import type { CodeableConcept, Observation, ObservationComponent } from 'fhir/r4.d.ts';
import { demonstrationWords, deviceReference } from './device.ts';
import { ids } from './ids.ts';
import { aiMeta, orderReference, subjectOf } from './parts.ts';
import { inputsOf, type Released } from './prediction.ts';
import { codeSystemOf, facilityOf, ownCodes } from './systems.ts';
import { narrative } from './text.ts';
import { instantOrNone } from './time.ts';

/** Log-odds have no unit in UCUM. */
const unit = 'log-odds';
const shown = 5;

/** Null: the result came without evidence. */
export function renderEvidence(released: Released): Observation | null {
  const { result, context, patientKey, manifest } = released;
  const { evidence } = result;
  if (evidence === null) return null;
  const order = orderReference(context.related.order, patientKey);
  const shares = sharesOf(evidence, released);
  return {
    resourceType: 'Observation',
    id: ids.evidence(released.jobId),
    meta: aiMeta(context.settings, manifest.demonstration),
    text: narrative(
      manifest.demonstration ? demonstrationWords : null,
      `Weight of the inputs (${evidence.method}, ${unit}):`,
      ...strongest(shares),
    ),
    basedOn: order === null ? undefined : [order],
    status: released.status,
    code: ownCode(released, evidence.method, `Weight of the inputs, ${evidence.method}`),
    subject: subjectOf(patientKey, context),
    effectiveDateTime: instantOrNone(result.endedAt),
    note: manifest.demonstration ? [{ text: demonstrationWords }] : undefined,
    device: deviceReference(result, context.manifests, context.settings),
    derivedFrom: inputsOf(released),
    component: [
      component(ownCode(released, 'base-value', 'Base value'), evidence.baseValue),
      ...shares.map((one) => component(one.code, one.value)),
    ],
  };
}

type Share = { readonly name: string; readonly code: CodeableConcept; readonly value: number };

/** Without the manifest of that very set of inputs they keep their positions as names: shown, never guessed. */
function sharesOf({ values, inputSet }: Evidence, released: Released): readonly Share[] {
  const { manifest } = released;
  const inputs = inputSetOf(manifest) === inputSet && manifest.inputs.length === values.length ? manifest.inputs : [];
  return values.map((value, index) => {
    const input = inputs[index];
    const name = input?.name ?? `input ${index + 1}`;
    return { name, value, code: input === undefined ? { text: name } : inputConcept(input, released) };
  });
}

function inputConcept({ name, codes }: ModelManifest['inputs'][number], { context, patientKey }: Released): CodeableConcept {
  const [first] = codes;
  const system = first === undefined ? undefined : codeSystemOf(first, facilityOf(patientKey), context.settings);
  if (first === undefined || system === undefined) return { text: name };
  return { coding: [{ system, code: first.code }], text: name };
}

const ownCode = ({ context }: Released, code: string, text: string): CodeableConcept => ({
  coding: [{ system: ownCodes(context.settings, 'evidence'), code }],
  text,
});

const component = (code: CodeableConcept, value: number): ObservationComponent => ({ code, valueQuantity: { value, unit } });

const strongest = (shares: readonly Share[]): readonly string[] =>
  [...shares]
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .slice(0, shown)
    .map(({ name, value }) => `${name}: ${value < 0 ? '' : '+'}${Number(value.toPrecision(3))}`);
