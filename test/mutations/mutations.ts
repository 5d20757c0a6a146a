/**
 * Bugs to plant, one at a time: each breaks one promise in one place. `find` must stand in the file exactly once, so that a mutation cannot
 * silently become none when the code moves on. `tests` are the fast ones that must catch it.
 */
export type Mutation = {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly tests: readonly string[];
};

const consumer = 'packages/runtime/src/consumer';
const pipeline = 'packages/runtime/src/pipeline';
const producer = 'packages/runtime/src/producer';
const sink = 'services/api/src/sink';
const ingest = 'services/ingest/src';
const fhirRules = 'services/sync/src/domain/fhir';
const lisRules = 'services/sync/src/domain/lis';
const lisMllp = 'services/sync/src/lis/mllp';
const lisRest = 'services/sync/src/lis/rest';
const alerts = 'services/sync/src/domain/alerts.ts';
const sync = 'services/sync/src';
const ledgerTests = [`${sync}/domain/settle.unit.test.ts`];
const dispatcherTests = [`${sync}/delivery/dispatcher.int.test.ts`];

export const mutations: readonly Mutation[] = [
  {
    name: 'commit before the work is done',
    file: `${consumer}/offset-tracker.ts`,
    find: 'const offset = lease.tracker.watermark();',
    replace: 'const offset = lease.tracker.next();',
    tests: [`${consumer}/offset-tracker.unit.test.ts`],
  },
  {
    name: 'commit past a gap of unfinished work',
    file: `${consumer}/partition-tracker.ts`,
    find: 'if (ticket === head) advance();',
    replace: 'head = Math.max(head, ticket);\n      advance();',
    tests: [`${consumer}/partition-tracker.unit.test.ts`],
  },
  {
    name: 'no epoch fence: a kept partition is kept whoever owned it in between',
    file: `${consumer}/offset-tracker.ts`,
    find: 'isContinuous && wanted.has(key)',
    replace: 'wanted.has(key)',
    tests: [`${consumer}/offset-tracker.unit.test.ts`, `${consumer}/membership.unit.test.ts`],
  },
  {
    name: 'no fence of a silent member: it commits and starts work after its session may be over',
    file: `${consumer}/membership.ts`,
    find: "mayCommit: () => state === 'member' && !isFenced,",
    replace: 'mayCommit: () => true,',
    tests: [`${consumer}/membership.unit.test.ts`],
  },
  {
    name: '202 before acks=all: the leader alone confirms',
    file: `${producer}/transport.ts`,
    find: 'acks: -1',
    replace: 'acks: 1',
    tests: [`${producer}/transport.unit.test.ts`],
  },
  {
    name: '202 before acks=all: the answer does not wait for the log',
    file: `${ingest}/http/publish-confirmed.ts`,
    find: 'return await Promise.race([producer.publish(publication), promise]);',
    replace:
      'producer.publish(publication).catch(() => {});\n      promise.catch(() => {});\n      return { topic: publication.topic, partition: 0, offset: 0 };',
    tests: [`${ingest}/http/ingest-server.unit.test.ts`],
  },
  {
    name: 'an MLLP acknowledgement before the log has confirmed',
    file: `${ingest}/mllp/settle.ts`,
    find: 'if (lost) throw lost.reason;',
    replace: 'void lost;',
    tests: [`${ingest}/mllp/receive.unit.test.ts`],
  },
  {
    name: 'an answer without our partition counts as confirmed',
    file: `${producer}/transport.ts`,
    find: 'if (offset >= 0) return offset;',
    replace: 'return Math.max(0, offset);',
    tests: [`${producer}/transport.unit.test.ts`],
  },
  {
    name: 'one send over many partitions',
    file: `${producer}/topic-lanes.ts`,
    find: 'const known = lanes[partition];',
    replace: 'const known = lanes.find((lane) => lane !== undefined) ?? lanes[partition];',
    tests: [`${producer}/topic-lanes.unit.test.ts`],
  },
  {
    name: 'two sends of one partition under way at once',
    file: `${producer}/lane.ts`,
    find: 'if (underWay.length > 0 || queue.length === 0) return;',
    replace: 'if (queue.length === 0) return;',
    tests: [`${producer}/lane.unit.test.ts`],
  },
  {
    name: 'no offset check in the sink: what has taken effect takes effect again',
    file: `${sink}/fence.ts`,
    find: 'record.offset >= (nextOffsets.get(nameOf(record)) ?? Number.POSITIVE_INFINITY)',
    replace: 'nextOffsets.size >= 0 && record.offset >= 0',
    tests: [`${sink}/fence.unit.test.ts`],
  },
  {
    name: 'no offset check in the sink: a flush that another has overtaken is kept',
    file: `${sink}/flush.ts`,
    find: 'depth: analyses.depth, notice }))) throw new SinkConflict();',
    replace: 'depth: analyses.depth, notice }))) void 0;',
    tests: [`${sink}/sink.int.test.ts`, `${sink}/any-delivery.int.test.ts`],
  },
  {
    name: 'a log that was wiped is read as if nothing were',
    file: 'services/api/src/domain/compare-log.ts',
    find: "return { kind: known.moving ? 'look-again' : 'log-too-short' };",
    replace: "return { kind: 'continue', nextOffset: logEndOffset };",
    tests: ['services/api/src/domain/domain.unit.test.ts'],
  },
  {
    name: 'reducer by arrival: whatever ends last stands',
    file: 'schemas/src/state/analysis.ts',
    find: 'if (compareRanks(rank, rankOf(state)) <= 0) return modelNamed(state, event);',
    replace: 'void rank;\n  void modelNamed;',
    tests: ['schemas/src/state/analysis.unit.test.ts'],
  },
  {
    name: 'reducer by arrival: late progress reopens a job that ended',
    file: 'schemas/src/state/analysis.ts',
    find: 'if (compareRanks(rank, rankOf(state)) <= 0) return startedEarlier(state, event.generation, startedAt);',
    replace: 'void rank;\n  void startedEarlier;',
    tests: ['schemas/src/state/analysis.unit.test.ts'],
  },
  {
    name: 'no order within a key: a second record of a patient starts beside the first',
    file: `${consumer}/key-pool.ts`,
    find: 'const slot = slots.get(key);',
    replace: 'const slot = slots.size < 0 ? slots.get(key) : undefined;',
    tests: [`${consumer}/key-pool.unit.test.ts`],
  },
  {
    name: 'a record that could not be parked counts as done',
    file: `${pipeline}/failures.ts`,
    find: 'else pause(entry, error);\n      return;',
    replace: 'else finish(entry, true);\n      return;',
    tests: [`${pipeline}/dead-letter-publish.unit.test.ts`],
  },
  {
    name: 'a batch that was not stored counts as done',
    file: `${pipeline}/batch-applier.ts`,
    find: 'if (result !== true) return result;',
    replace: 'void result;',
    tests: [`${pipeline}/batch-applier.unit.test.ts`],
  },
  {
    name: 'an approval of an older result stands for the current one',
    file: 'services/api/src/domain/review.ts',
    find: 'state.attempt === asked.attempt &&',
    replace: 'state.attempt >= 0 &&',
    tests: ['services/api/src/domain/review.unit.test.ts'],
  },
  {
    name: 'a stale result may be approved',
    file: 'services/api/src/domain/review.ts',
    find: "asked.decision === 'approve' && staleInputs.length > 0",
    replace: "asked.decision === 'approve' && staleInputs.length > 99",
    tests: ['services/api/src/domain/review.unit.test.ts'],
  },
  {
    name: 'the last review read counts, not the newest',
    file: 'schemas/src/state/review.ts',
    find: 'known !== undefined && !isNewer(review, known)',
    replace: 'known !== undefined && JSON.stringify(known) === JSON.stringify(review)',
    tests: ['schemas/src/state/analysis.unit.test.ts'],
  },
  {
    name: 'an older outcome of a delivery replaces a newer one',
    file: 'schemas/src/state/delivery.ts',
    find: 'event.revision <= state.revision',
    replace: 'event.revision === state.revision',
    tests: ['schemas/src/state/delivery.unit.test.ts'],
  },
  {
    name: 'laboratory: a message without answer goes again to one that does not take repeats once',
    file: `${lisMllp}/deliver-order.ts`,
    find: 'if (settings.channel.deduplicates || force) return exchange(unanswered, true);',
    replace: "if (unanswered.control !== 'DC') return exchange(unanswered, true);",
    tests: [`${lisMllp}/mllp-lis.int.test.ts`],
  },
  {
    name: 'laboratory: an answer counts for whichever message waits',
    file: `${lisMllp}/say.ts`,
    find: 'reply === null || reply.controlId !== controlId',
    replace: "reply === null || controlId === ''",
    tests: [`${lisMllp}/mllp-lis.int.test.ts`],
  },
  {
    name: 'laboratory: the connection outlives a time-out',
    file: `${lisMllp}/connection.ts`,
    find: "setTimeout(() => leave('timeout'), address.replyTimeoutMs)",
    replace: "setTimeout(() => waiting?.onGone('timeout'), address.replyTimeoutMs)",
    tests: [`${lisMllp}/mllp-lis.int.test.ts`],
  },
  {
    name: 'laboratory: an order cancelled before it was sent is sent and cancelled',
    file: `${lisRules}/decide-message.ts`,
    find: "if (memo.known === 'nothing' && !hasResults) return",
    replace: "if (memo.known === 'cancelled' && !hasResults) return",
    tests: [`${lisRules}/decide-message.unit.test.ts`],
  },
  {
    name: 'laboratory: a wish that was taken counts as cancelled',
    file: `${lisRules}/classify-reply.ts`,
    find: "['CR', 'DR', 'OC', 'OD']",
    replace: "['CR', 'DR', 'OC', 'OD', 'OK']",
    tests: [`${lisRules}/answers.unit.test.ts`],
  },
  {
    name: 'laboratory: urgent becomes asap',
    file: `${lisRules}/render-oml.ts`,
    find: "return urgent?.code ?? '';",
    replace: "return urgent === null ? '' : 'A';",
    tests: [`${lisRules}/render-oml.unit.test.ts`, `${lisRules}/way-back.unit.test.ts`],
  },
  {
    name: 'KS X 1001 says what only CP949 has',
    file: 'packages/runtime/src/mllp/charset.ts',
    find: "charset === 'KS X 1001' && !isKsX1001(bytes)",
    replace: "charset === 'KS X 1001' && isKsX1001(bytes) === null",
    tests: ['packages/runtime/src/mllp/charset.unit.test.ts'],
  },
  {
    name: 'FHIR: a wish to cancel revokes the order',
    file: `${fhirRules}/order-status.ts`,
    find: "cancel_requested: { request: 'active', medication: 'active' },",
    replace: "cancel_requested: { request: 'revoked', medication: 'cancelled' },",
    tests: [`${fhirRules}/rules.unit.test.ts`],
  },
  {
    name: 'FHIR: an unreviewed result leaves',
    file: `${fhirRules}/decide-release.ts`,
    find: 'if (!settings.releaseUnreviewed || reviewOf',
    replace: 'if (reviewOf',
    tests: [`${fhirRules}/rules.unit.test.ts`, `${fhirRules}/properties.unit.test.ts`],
  },
  {
    name: 'FHIR: a withdrawn input withdraws nothing',
    file: `${fhirRules}/decide-release.ts`,
    find: "({ status }) => status === 'entered_in_error'",
    replace: "({ status }) => status === 'unknown'",
    tests: [`${fhirRules}/rules.unit.test.ts`],
  },
  {
    name: 'FHIR: what was rejected stays on the server',
    file: `${fhirRules}/withdrawn.ts`,
    find: 'context.delivered.includes(reference) && !kept.includes(reference)',
    replace: 'context.delivered.length < 0 && !kept.includes(reference)',
    tests: [`${fhirRules}/rules.unit.test.ts`],
  },
  {
    name: 'FHIR: a probability of 0..1 where a percentage belongs',
    file: `${fhirRules}/prediction.ts`,
    find: 'probabilityDecimal: percentOf(share)',
    replace: 'probabilityDecimal: share',
    tests: [`${fhirRules}/rules.unit.test.ts`],
  },
  {
    name: 'FHIR: the confidence in a negative result is that of the positive one',
    file: `${fhirRules}/prediction.ts`,
    find: 'confidence(complementOf(prediction.probability))',
    replace: 'confidence(prediction.probability)',
    tests: [`${fhirRules}/rules.unit.test.ts`],
  },
  {
    name: 'FHIR: AIAST goes with the approval',
    file: `${fhirRules}/parts.ts`,
    find: 'security: isDemonstration ? [asserted, testData] : [asserted]',
    replace: 'security: isDemonstration ? [testData] : []',
    tests: [`${fhirRules}/rules.unit.test.ts`],
  },
  {
    name: 'FHIR: an exclusive bound becomes an inclusive one',
    file: `${fhirRules}/quantity.ts`,
    find: '(<=|>=|',
    replace: '(<=?|>=?|',
    tests: [`${fhirRules}/quantity.unit.test.ts`],
  },
  {
    name: 'FHIR: the source version counts as content',
    file: `${fhirRules}/source-version.ts`,
    find: 'extensions.filter((one) => !isSourceVersion(one))',
    replace: 'extensions.filter((one) => one !== null)',
    tests: [`${fhirRules}/rules.unit.test.ts`],
  },
  {
    name: 'FHIR: another patient’s order is referred to',
    file: `${fhirRules}/parts.ts`,
    find: '!hasContent(order) || order.patientKey !== patientKey',
    replace: "!hasContent(order) || patientKey === ''",
    tests: [`${fhirRules}/rules.unit.test.ts`, `${fhirRules}/order.unit.test.ts`],
  },
  {
    name: 'FHIR: a number that holds a resident number is an identifier',
    file: `${fhirRules}/text.ts`,
    find: "value === null || foldDigits(text ?? '').search(residentNumber) >= 0",
    replace: 'value === null',
    tests: [`${fhirRules}/order.unit.test.ts`],
  },
  {
    name: 'REST laboratory: a failed look-up is read as "no such patient"',
    file: `${lisRest}/client.ts`,
    find: "if (answer.status !== 200 || !list.Check(answer.body)) throw lisRestError('LIS_ANSWER_UNREADABLE');",
    replace: 'if (answer.status !== 200 || !list.Check(answer.body)) return [];',
    tests: [`${lisRest}/rest-lis.int.test.ts`],
  },
  {
    name: 'REST laboratory: an order is sent without a look',
    file: `${lisRest}/deliver-order.ts`,
    find: "if (there.kind === 'one') return adopt(step, there.record);",
    replace: "if (there.kind === 'one' && work.force) return adopt(step, there.record);",
    tests: [`${lisRest}/rest-lis.int.test.ts`],
  },
  {
    name: 'REST laboratory: sent before the ledger knows',
    file: `${lisRest}/deliver-order.ts`,
    find: '  await context.intend(work, { digest: digestOf(order), memo: null });\n  const patient',
    replace: '  const patient',
    tests: [`${lisRest}/rest-lis.int.test.ts`],
  },
  {
    name: 'REST laboratory: cancelled by asking',
    file: `${lisRest}/deliver-order.ts`,
    find: "answer.kind === 'cancelled' ? 'OrderCancelled' : 'OrderCancelRefused'",
    replace: "answer.status > 0 ? 'OrderCancelled' : 'OrderCancelRefused'",
    tests: [`${lisRest}/rest-lis.int.test.ts`],
  },
  {
    name: 'alerts: the same value told again calls once more',
    file: alerts,
    find: 'if (occasion === standing.occasion)',
    replace: 'if (occasion === null && standing.occasion === null)',
    tests: ['services/sync/src/domain/alerts.unit.test.ts'],
  },
  {
    name: 'alerts: an old value calls',
    file: alerts,
    find: 'sourceVersion < before.sourceVersion || ',
    replace: '',
    tests: ['services/sync/src/domain/alerts.unit.test.ts'],
  },
  {
    name: 'alerts: a preliminary value takes a critical one back',
    file: alerts,
    find: "['unknown', 'registered', 'preliminary'];",
    replace: "['unknown', 'registered'];",
    tests: ['services/sync/src/domain/alerts.unit.test.ts'],
  },
  {
    name: 'a partial report closes its order',
    file: `${ingest}/domain/hl7/report-orders.ts`,
    find: "['F', 'C'].includes(ofReport)",
    replace: "['F', 'C', 'A'].includes(ofReport)",
    tests: [`${ingest}/domain/hl7/mapping.unit.test.ts`],
  },
  {
    name: 'a result still to come does not keep its order open',
    file: `${ingest}/domain/hl7/report-orders.ts`,
    find: ' && stands && !results.some((letter) => toCome.includes(letter))',
    replace: ' && stands',
    tests: [`${ingest}/domain/hl7/mapping.unit.test.ts`],
  },
  {
    name: 'an added test is lost as a prior result',
    file: `${ingest}/domain/hl7/order-groups.ts`,
    find: '  for (const { further } of drafts) refuseAddedTest(further);',
    replace: '',
    tests: [`${ingest}/domain/hl7/mapping.unit.test.ts`],
  },
  {
    name: 'a critical flag hides behind another',
    file: `${ingest}/domain/hl7/observations.ts`,
    find: "flags.find((flag) => flag === 'HH' || flag === 'LL') ?? ",
    replace: '',
    tests: [`${ingest}/domain/hl7/mapping.unit.test.ts`],
  },
  {
    name: 'ledger: a change that comes during a delivery is taken for delivered',
    file: `${sync}/domain/settle.ts`,
    find: 'const waiting = row.mark !== context.readMark;',
    replace: 'const waiting = false;',
    tests: ledgerTests,
  },
  {
    name: 'ledger: a refusal forgets what was accepted before',
    file: `${sync}/domain/settle.ts`,
    find: ': { digest: row.digest, remoteId: row.remoteId, remoteVersion: row.remoteVersion };',
    replace: ': { digest: null, remoteId: null, remoteVersion: null };',
    tests: ledgerTests,
  },
  {
    name: 'ledger: one that was overtaken still writes its outcome',
    file: `${sync}/ledger/ledger.ts`,
    find: 'if (!(await lockHeld(tx, options, claim))) throw leaseLost();',
    replace: 'await lockHeld(tx, options, claim);',
    tests: dispatcherTests,
  },
  {
    name: 'dispatcher: a state half rebuilt is shown',
    file: `${sync}/ledger/sql/claims.ts`,
    find: '    AND NOT EXISTS (SELECT 1 FROM sync.target_offset WHERE target = $1 AND next_offset < replay_until)\n',
    replace: '',
    tests: dispatcherTests,
  },
  {
    name: 'dispatcher: a held patient is claimed again',
    file: `${sync}/ledger/sql/claims.ts`,
    find: ' AND (lease_until IS NULL OR lease_until < now())',
    replace: '',
    tests: dispatcherTests,
  },
  {
    name: 'intake: a replayed redelivery is a new one',
    file: `${sync}/intake/sql/mark-waiting.ts`,
    find: 'force = true, forced_at = r.asked_at,',
    replace: 'force = true,',
    tests: dispatcherTests,
  },
  {
    name: 'dispatcher: our own store away is blamed on the target',
    file: `${sync}/delivery/deliver-patient.ts`,
    find: 'return isOwn(error) || !isDependency(error) ?',
    replace: 'return !isDependency(error) ?',
    tests: [`${sync}/delivery/deliver-patient.unit.test.ts`],
  },
  {
    name: 'breaker: half open lets all through',
    file: `${sync}/domain/breaker.ts`,
    find: "return breaker.state === 'half_open' && !breaker.onTrial && inFlight === 0 ? 1 : 0;",
    replace: "return breaker.state === 'half_open' ? concurrency : 0;",
    tests: [`${sync}/domain/breaker.unit.test.ts`],
  },
  {
    name: 'model worker: outgrown, it is ended with a batch in its hands',
    file: 'services/inference/src/runners/onnx/worker-process.ts',
    find: "if (isOutgrown() && sent.length === 0) kill('outgrown');",
    replace: "if (isOutgrown()) kill('outgrown');",
    tests: ['services/inference/src/runners/onnx/worker-memory.int.test.ts'],
  },
];
