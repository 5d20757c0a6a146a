/**
 * Who delivers which patient. A claim is a lease with an epoch: whoever writes to the ledger names the epoch it was given, and one that has been
 * overtaken is refused. Times are the database's, so that instances need not agree on theirs.
 */
import type { Queryable } from '@clinstream/runtime/postgres';

export type Claim = { readonly patientKey: string; readonly epoch: number; readonly setbacks: number };
export type Holder = { readonly target: string; readonly holder: string };

/**
 * Patients with something due that nobody holds, the longest due first, also in what is given back: they stand at the gate in this order. What is
 * urgent is due earlier (domain/head-start.ts). None while the target's state is being rebuilt from the log: it passes through what was, and a
 * target must never be shown that.
 */
export async function claimPatients(
  db: Queryable,
  { target, holder }: Holder,
  limit: number,
  leaseMs: number,
): Promise<readonly Claim[]> {
  const { rows } = await db.query<{ patient_key: string; epoch: number; setbacks: number }>(
    {
      name: 'sync claim patients',
      text: `WITH due AS (
  SELECT patient_key FROM sync.patients
  WHERE target = $1 AND due_at <= now() AND (lease_until IS NULL OR lease_until < now())
    AND NOT EXISTS (SELECT 1 FROM sync.target_offset WHERE target = $1 AND next_offset < replay_until)
  ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
), claimed AS (
  UPDATE sync.patients p SET holder = $2, lease_until = now() + $4 * interval '1 millisecond', epoch = p.epoch + 1
  FROM due WHERE p.target = $1 AND p.patient_key = due.patient_key RETURNING p.patient_key, p.epoch, p.setbacks, p.due_at
)
SELECT patient_key, epoch, setbacks FROM claimed ORDER BY due_at`,
    },
    [target, holder, limit, leaseMs],
  );
  return rows.map(({ patient_key, epoch, setbacks }) => ({ patientKey: patient_key, epoch, setbacks }));
}

/** Which of these are still held; they are held on. Ordered like every lock of several patients. */
export async function renewLeases(
  db: Queryable,
  { target, holder }: Holder,
  claims: readonly Claim[],
  leaseMs: number,
): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ patient_key: string }>(
    {
      name: 'sync renew leases',
      text: `WITH held AS (
  SELECT p.patient_key FROM sync.patients p JOIN unnest($3::text[], $4::bigint[]) AS c(patient_key, epoch) USING (patient_key, epoch)
  WHERE p.target = $1 AND p.holder = $2 ORDER BY p.patient_key FOR UPDATE OF p
)
UPDATE sync.patients p SET lease_until = now() + $5 * interval '1 millisecond' FROM held
WHERE p.target = $1 AND p.patient_key = held.patient_key RETURNING p.patient_key`,
    },
    [target, holder, claims.map(({ patientKey }) => patientKey), claims.map(({ epoch }) => epoch), leaseMs],
  );
  return new Set(rows.map(({ patient_key }) => patient_key));
}

/** Takes the patient's row for this transaction; false when another has taken over. */
export async function lockHeld(tx: Queryable, { target, holder }: Holder, { patientKey, epoch }: Claim): Promise<boolean> {
  const { rowCount } = await tx.query(
    {
      name: 'sync lock held patient',
      text: 'SELECT 1 FROM sync.patients WHERE target = $1 AND patient_key = $2 AND holder = $3 AND epoch = $4 FOR UPDATE',
    },
    [target, patientKey, holder, epoch],
  );
  return rowCount === 1;
}

export type Release = {
  /** Keeps the patient back at least so long. */
  readonly delayMs: number;
  readonly setbacks: number;
};

/** Lets go. The patient is due again when the first of its waiting deliveries is. Nothing happens when another has taken over. */
export async function releasePatient(db: Queryable, { target, holder }: Holder, claim: Claim, release: Release): Promise<void> {
  await db.query(
    {
      name: 'sync release patient',
      text: `UPDATE sync.patients p SET holder = NULL, lease_until = NULL, setbacks = $5,
  due_at = (SELECT greatest(min(coalesce(d.not_before, now())), now() + $6 * interval '1 millisecond')
    FROM sync.deliveries d JOIN sync.subjects s USING (target, kind, id)
    WHERE d.target = $1 AND d.patient_key = $2 AND d.waiting HAVING count(*) > 0)
WHERE p.target = $1 AND p.patient_key = $2 AND p.holder = $3 AND p.epoch = $4`,
    },
    [target, claim.patientKey, holder, claim.epoch, release.setbacks, release.delayMs],
  );
}
