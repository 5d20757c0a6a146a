/** Renews the leases of what is under way; what is no longer ours is told to end. */
import { sleep } from '@clinstream/runtime/errors';
import type { Claim, Ledger } from '../ledger/ledger.ts';

export type Held = { readonly claim: Claim; readonly aborting: AbortController };

export async function keepLeases(
  ledger: Pick<Ledger, 'renew'>,
  held: () => readonly Held[],
  leaseMs: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(leaseMs / 3, signal);
    if (!signal.aborted) await renewOnce(ledger, held());
  }
}

async function renewOnce(ledger: Pick<Ledger, 'renew'>, held: readonly Held[]): Promise<void> {
  if (held.length === 0) return;
  // Store away: the lease may run out, and then the fence of the ledger decides.
  const kept = await ledger.renew(held.map(({ claim }) => claim)).catch(() => null);
  if (kept === null) return;
  for (const { claim, aborting } of held) if (!kept.has(claim.patientKey)) aborting.abort();
}
