/** Codes of messages as FHIR codes. What is said of a code by its sender becomes the concept's text: a display that differs from the system's own is refused by servers. */
import type { Coding, Priority } from '@clinstream/contracts';
import type { CodeableConcept } from 'fhir/r4.d.ts';
import { codeSystemOf, systems } from './systems.ts';
import { codeOf, lineOf } from './text.ts';
import type { RenderSettings } from './types.ts';

export function conceptOf(coding: Coding, facility: string, settings: RenderSettings): CodeableConcept {
  const code = codeOf(coding.code);
  const text = lineOf(coding.display) ?? code ?? 'unknown';
  if (code === null) return { text };
  const system = codeSystemOf({ system: coding.system, code }, facility, settings);
  return { coding: [{ ...(system === undefined ? {} : { system }), code }], text };
}

/** routine < urgent < asap < stat; unknown is not said. */
export const requestPriority = (priority: Priority): Exclude<Priority, 'unknown'> | undefined =>
  priority === 'unknown' ? undefined : priority;

/** HL7 table 0078. What is not in it is said in words. */
const interpretations: Readonly<Record<string, string>> = {
  L: 'Low',
  H: 'High',
  LL: 'Critical low',
  HH: 'Critical high',
  N: 'Normal',
  A: 'Abnormal',
  AA: 'Critical abnormal',
  '<': 'Off scale low',
  '>': 'Off scale high',
  U: 'Significant change up',
  D: 'Significant change down',
  B: 'Better',
  W: 'Worse',
  S: 'Susceptible',
  R: 'Resistant',
  I: 'Intermediate',
};

export function interpretationOf(flag: string | null): CodeableConcept | null {
  const code = codeOf(flag);
  if (code === null) return null;
  const display = Object.hasOwn(interpretations, code) ? interpretations[code] : undefined;
  return display === undefined ? { text: code } : { coding: [{ system: systems.interpretation, code, display }], text: display };
}
