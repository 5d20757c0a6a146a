/** The codes sync itself fails or waits with, as data; docs/errors.md is generated from it. Each target has codes of its own. */
import { catalogued, type ErrorCatalogueEntry, errorMaker } from '@clinstream/runtime/errors';

const { ambiguous, dependency, fatal, message, poison } = catalogued;

export const syncErrors = {
  SYNC_CONFLICT: dependency(
    'Rows changed under several batches of the intake in a row.',
    'See whether another group works on the same target; it is tried again.',
  ),
  SYNC_OFFSET_MOVING: dependency(
    'Another instance still moves the offset of a partition given to this one.',
    'Nothing: it waits until the other has let go. If it lasts, end the other.',
  ),
  SYNC_OFFSET_MISSING: fatal('The state of a target was reset while sync runs.', 'Restart sync.'),
  SYNC_OFFSET_GAP: fatal(
    'Records between the stored offset and those read are missing.',
    'Restart: it reads from the stored offset.',
  ),
  SYNC_LOG_WENT_BACK: fatal(
    'Offsets begin anew: Kafka was wiped while sync runs.',
    'If on purpose, reset the state (docs/adr/0011) and restart; else restore Kafka.',
  ),
  SYNC_OTHER_LOG: fatal(
    'The state was built from another Kafka cluster, or from more than this one has.',
    'If on purpose, reset the state (the message says how; the ledger stays) and restart; else correct KAFKA_BROKERS.',
  ),
  SYNC_LOG_GAP: poison(
    'Records were gone from the log before sync had read them.',
    'Counted and logged, never silent. Restore from the source, lengthen retention.',
  ),
  SYNC_LEASE_LOST: message(
    'Another instance has taken over this patient: what this one still knows of it no longer counts.',
    'Nothing, if it is rare. If not, look for an instance that stalls longer than its lease.',
  ),
  SYNC_OUTCOME_UNWRITABLE: ambiguous(
    'The ledger could not take what a target answered; the delivery may have taken effect.',
    'Look at the subject in the target, then ask for a redelivery. It is a bug: report the line before it.',
  ),
  SYNC_BEFORE_FIRST_START: message(
    'Held: the topics held it, older than SYNC_HISTORY_DAYS, before sync was first started for this target.',
    'Nothing, as a rule. Ask for a redelivery of what the target should have after all.',
  ),
  SYNC_VERDICT_MISSING: message(
    'A target did not answer for every work it was given.',
    'A bug of the target; the works are tried again.',
  ),
  MODELS_UNREADABLE: fatal('The manifests under MODELS_DIR cannot be read.', 'Set MODELS_DIR to the folder of <name>/<version>.'),
} as const satisfies Readonly<Record<string, ErrorCatalogueEntry>>;

export const syncError = errorMaker(syncErrors, 'sink');
