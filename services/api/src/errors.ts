/** The codes the api service fails or waits with, as data; docs/errors.md is generated from it. What its HTTP door answers: http/problems.ts. */
import { catalogued, type ErrorCatalogueEntry } from '@clinstream/runtime/errors';

const { dependency, fatal, poison } = catalogued;

export const apiErrors = {
  SINK_CONFLICT: dependency(
    'Rows changed under several flushes in a row.',
    'See whether another sink works on the same partitions; it is tried again.',
  ),
  SINK_OFFSET_MOVING: dependency(
    'Another sink still moves the offset of a partition given to this one.',
    'Nothing: it waits until the other has let go. If it lasts, end the other.',
  ),
  SINK_OFFSET_MISSING: fatal('The projection was reset while the sink runs.', 'Restart the sink.'),
  SINK_OFFSET_GAP: fatal(
    'Records between the stored offset and those read are missing.',
    'Restart: it reads from the stored offset.',
  ),
  SINK_LOG_WENT_BACK: fatal(
    'Offsets begin anew: Kafka was wiped while the sink runs.',
    'If on purpose, reset the projection (docs/adr/0004) and restart; else restore Kafka.',
  ),
  SINK_OTHER_LOG: fatal(
    'The projection was built from another Kafka cluster, or from more than this one has.',
    'If on purpose, reset the projection (the message says how) and restart; else correct KAFKA_BROKERS.',
  ),
  SINK_LOG_GAP: poison(
    'Records were gone from the log before the projection had read them.',
    'Counted and logged, never silent. Restore from the source, lengthen retention.',
  ),
  MODELS_UNREADABLE: fatal('The manifests under MODELS_DIR cannot be read.', 'Set MODELS_DIR to the folder of <name>/<version>.'),
} as const satisfies Readonly<Record<string, ErrorCatalogueEntry>>;
