/**
 * Inputs that were corrected under another number (facts 6.5). An order names its own observations by its placer number as long as it does not
 * know the laboratory's; a correction comes under the laboratory's number and says which order it is for. So it is the same result if, under
 * the order's number, it would have the id of an input. Pure.
 */
import { observationIdUnder } from '@clinstream/contracts';

/** A corrected result of a job's order: the order's placer authority and number, code, system, and OBX-4. */
export type CorrectedOfOrder = readonly [authority: string, number: string, code: string, system: string, subId: string];

export function staleInputsOf(
  byId: readonly string[],
  ofOrder: readonly CorrectedOfOrder[],
  inputs: readonly string[],
): readonly string[] {
  if (ofOrder.length === 0) return byId;
  const named = ofOrder.map(([placerAuthority, placerNumber, code, system, subId]) =>
    observationIdUnder({ placerAuthority, placerNumber }, { code: { code, system, display: null }, subId }),
  );
  return [...new Set([...byId, ...named.filter((id) => inputs.includes(id))])].sort();
}
