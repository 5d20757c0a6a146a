/** Empties what one target's side built from the topics. The ledger (deliveries, outbox) and who holds what stay. */
import type { Postgres } from '@clinstream/runtime/postgres';

export async function resetState(db: Pick<Postgres, 'transaction'>, target: string): Promise<void> {
  await db.transaction(async (tx) => {
    for (const table of ['target_offset', 'gaps', 'subjects', 'applied_events'])
      await tx.query(`DELETE FROM sync.${table} WHERE target = $1`, [target]);
  });
}
