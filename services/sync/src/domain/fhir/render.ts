/**
 * From what we know of one subject to the FHIR R4 resources that say so (ADR 0011, facts 6). Pure: the same state gives the same resources,
 * so equal digests mean that nothing needs to be sent.
 *
 * Promise: deterministic ids; what is referred to stands before what refers to it; no birth date, name, sex or resident registration number.
 * Non-promise: that what other subjects own (an input's Observation, the order) stands on the server already: subjects of one patient are
 * delivered in the order of `subjectKinds`. The Patient belongs to no one subject and comes with each: its content depends on
 * `related.patient` alone, so whichever bundle carries it says the same.
 */
import type { Subject } from '../subject.ts';
import type { RenderContext, Rendering } from './types.ts';

export function render(_subject: Subject, _context: RenderContext): Rendering {
  return { resources: [], held: 'ANALYSIS_NOT_ENDED' };
}
