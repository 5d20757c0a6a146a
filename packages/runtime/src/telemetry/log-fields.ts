/**
 * The only fields a log line may carry. Everything else is dropped before it is written, whoever logs it, so that a payload, a name
 * or a record number cannot reach a log by mistake. Ids, codes, counts, times and names of our own things only.
 * Adding a field here is a decision about patient data: it must never be able to carry a value from a message.
 */
export const logFields: ReadonlySet<string> = new Set([
  // who speaks
  ...['service', 'component', 'version', 'pid', 'worker', 'workers', 'state', 'ready', 'dependency', 'role'],
  // where in the log
  ...[
    'topic',
    'topics',
    'partition',
    'partitions',
    'offset',
    'fromOffset',
    'nextOffset',
    'highWatermark',
    'group',
    'groupId',
    'memberId',
  ],
  ...[
    'clientId',
    'generation',
    'epoch',
    'leader',
    'lag',
    'lane',
    'clusterId',
    'expectedClusterId',
    'broker',
    'brokers',
    'apiName',
  ],
  // what
  ...[
    'eventId',
    'eventType',
    'correlationId',
    'traceId',
    'jobId',
    'orderId',
    'observationId',
    'controlId',
    'messageId',
    'requestId',
  ],
  ...[
    'model',
    'modelVersion',
    'digest',
    'schemaId',
    'subject',
    'blobRef',
    'channel',
    'listener',
    'connectionId',
    'migration',
    'operation',
  ],
  // how it went
  ...[
    'outcome',
    'reason',
    'why',
    'code',
    'kind',
    'scope',
    'stage',
    'attempt',
    'attempts',
    'sqlState',
    'signal',
    'exitCode',
    'problems',
  ],
  ...['method', 'route', 'status', 'segment', 'field', 'position'],
  // how much, how long
  ...['count', 'records', 'rows', 'bytes', 'limit', 'inFlight', 'queued', 'connections', 'pool', 'rejected', 'accepted'],
  ...['durationMs', 'delayMs', 'timeoutMs', 'waitedMs', 'retryAfterMs', 'deadlineMs', 'ageMs', 'uptimeMs', 'notBefore'],
  // where we are reachable, and what still holds us
  ...['host', 'port', 'address', 'remoteAddress', 'publicUrl', 'resources'],
]);
