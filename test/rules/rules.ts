/**
 * The exchange rules patients' safety rests on (6.1 to 6.17), clause by clause, and the tests that show each: `file :: title`, the title as it
 * stands in the source, and of a table of cases `:: row`. A rule that belongs to work still to come says so and has no tests. One table, and
 * therefore longer than other files.
 */

export type Clause = { readonly says: string; readonly shownBy: readonly string[] };
export type Rule =
  | { readonly title: string; readonly clauses: readonly Clause[] }
  | { readonly title: string; readonly later: string };

const receive = 'services/ingest/src/mllp/receive.unit.test.ts';
const mapping = 'services/ingest/src/domain/hl7/mapping.unit.test.ts';
const time = 'services/ingest/src/domain/hl7/time.unit.test.ts';
const requests = 'services/ingest/src/domain/requests.unit.test.ts';
const charset = 'packages/runtime/src/mllp/charset.unit.test.ts';
const order = 'schemas/src/state/order.unit.test.ts';
const observation = 'schemas/src/state/observation.unit.test.ts';
const analysis = 'schemas/src/state/analysis.unit.test.ts';
const answers = 'services/sync/src/domain/lis/answers.unit.test.ts';
const decide = 'services/sync/src/domain/lis/decide-message.unit.test.ts';
const renderOml = 'services/sync/src/domain/lis/render-oml.unit.test.ts';
const mllp = 'services/sync/src/lis/mllp/mllp-lis.int.test.ts';
const rest = 'services/sync/src/lis/rest/rest-lis.int.test.ts';
const fhir = 'services/sync/src/domain/fhir/rules.unit.test.ts';
const fhirFailures = 'services/sync/src/fhir/fhir-failures.int.test.ts';
const plan = 'services/sync/src/fhir/plan.unit.test.ts';
const dispatcher = 'services/sync/src/delivery/dispatcher.int.test.ts';
const alerts = 'services/sync/src/alerts/alerts.int.test.ts';
const api = 'services/api/src/http/api-server.int.test.ts';
const apiReview = 'services/api/src/http/review-routes.int.test.ts';
const review = 'services/api/src/domain/review.unit.test.ts';
const auth = 'services/sync/src/fhir/auth/auth.unit.test.ts';

export const rules: Readonly<Record<string, Rule>> = {
  '6.1': {
    title: 'Acknowledgements',
    clauses: [
      {
        says: 'positive only after full validation and durable write',
        shownBy: [
          `${receive} :: 6.1 original mode: AA only after every event and the record of the message are in the log`,
          `${receive} :: 6.1 Kafka cannot confirm the record of the message: no positive answer either`,
          `${receive} :: 6.1 the raw message cannot be kept: nothing is published and nothing promised`,
        ],
      },
      {
        says: 'enhanced mode: the commit answer at once, the application answer as MSH-16 asks',
        shownBy: [
          `${receive} :: 6.1 enhanced mode, MSH-15 \${accept || 'empty'}, MSH-16 \${application || 'empty'}`,
          `${receive} :: 6.1 a commit answer is a plain ACK, and the two answers to one message have their own control ids`,
          `${mllp} :: 6.1 enhanced mode: CA, then the application’s answer; and CA alone where no other comes`,
        ],
      },
      {
        says: 'what a negative answer of a peer means: ERR-3 first, then MSA-1, overridable per channel',
        shownBy: [
          `${answers} :: \${rule} to \${control}: \${expected}`,
          `${answers} :: 6.1 by channel: \${JSON.stringify(answers)}, \${parts.code} \${parts.err ?? ''}: \${expected}`,
          `${mllp} :: 6.1 turned away for now N−1 times, then taken: one order, the same message each time`,
          `${mllp} :: 6.1 refused for good: not sent again by itself, again when it changes or a person asks`,
        ],
      },
      {
        says: 'what we send: AE or CR, AR 200 to 203, CE or AR 207, or closed unanswered',
        shownBy: [
          `${receive} :: 6.1 refused: \${what}`,
          `${receive} :: 6.1 Kafka cannot confirm \${what}: AR with 207, and the repeat takes effect once`,
          `${receive} :: 6.1 by channel setting the connection is closed unanswered when Kafka cannot confirm`,
        ],
      },
      {
        says: '2.3 and 2.4 have no ERR-3; 2.6 and later are read tolerantly',
        shownBy: [
          `${receive} :: 6.1 before 2.5 there is no ERR-3: ERR-1 and MSA-6 say it`,
          `${receive} :: 6.1 versions after 2.5.1 are read tolerantly`,
        ],
      },
    ],
  },
  '6.2': {
    title: 'Old state never returns',
    clauses: [
      {
        says: 'a monotonic source version; apply only if newer',
        shownBy: [
          `${order} :: any order and repetition of one placement and what follows it gives the same order`,
          `${observation} :: a correction stands against the final value it corrected, also one of the same message time`,
          `${analysis} :: a late lower attempt and a replayed old state never win`,
          `${fhir} :: 6.2 every resource says of which source version it is, and grows with it`,
          `${alerts} :: facts 6.2: an older value that comes late raises nothing, nor does an old message under a newer time`,
        ],
      },
      {
        says: 'a resend with a newer message time undoes nothing that came in between',
        shownBy: [
          'test/e2e/resends.e2e.test.ts :: a corrected result stays corrected',
          `services/api/src/sink/applied-events.int.test.ts :: \${one.name}: sent again with a newer time in a later flush`,
        ],
      },
      {
        says: 'redelivery renders the current state; unchanged content sends nothing',
        shownBy: [
          `${dispatcher} :: a redelivery sends what is unchanged, once per request, however often the request is read`,
          `${decide} :: 6.2 telling what was decided leaves nothing to tell: at most two messages to rest, whatever happened`,
          `${fhir} :: 6.2 the same result told again with a newer time is the same content`,
          `${fhirFailures} :: several works of a patient are one transaction; the same again is none`,
        ],
      },
      {
        says: 'a replay never even transiently reverts',
        shownBy: [
          `${dispatcher} :: a state rebuilt from the log is shown to nobody before the log is read; then nothing is sent`,
          'services/sync/src/side.int.test.ts :: a full replay of the topics over the kept state, and one that rebuilds it: nothing is sent, no revision moves, the same events',
          `${alerts} :: a replay of everything raises nothing and escalates nothing`,
        ],
      },
    ],
  },
  '6.3': {
    title: 'Patient identity',
    clauses: [
      {
        says: 'PID-3 by configured authority and type; none or ambiguous is AE, never a guess',
        shownBy: [
          `${receive} :: 6.1 refused: \${what} :: 6.3 no patient id`,
          `${receive} :: 6.1 refused: \${what} :: 6.3 ids of other kinds only`,
          `${receive} :: 6.1 refused: \${what} :: 6.3 two ids of our kind`,
        ],
      },
      {
        says: 'the resident registration number never becomes key, header, log field or FHIR identifier',
        shownBy: [
          `${mapping} :: 6.3 the national id is never read: it stands in PID-3 and PID-19 and comes out nowhere`,
          'services/ingest/src/mllp/channel-settings.unit.test.ts :: 6.3 a national identifier can never be configured as the patient key',
          'services/ingest/src/http/ingest-server.unit.test.ts :: a national id is refused by name and never repeated',
          `${receive} :: 6.1 refused: \${what} :: 6.3 a resident registration number as patient id`,
          `${requests} :: what looks like a resident registration number, and what does not`,
          `${fhir} :: 6.3 a resident registration number becomes no identifier: of such a patient nothing is written`,
        ],
      },
      {
        says: 'what goes to a laboratory names the patient by that key alone',
        shownBy: [`${renderOml} :: 6.3 the patient is named by the patient key alone, demographics as far as they are known`],
      },
    ],
  },
  '6.4': {
    title: 'Merges',
    clauses: [
      {
        says: 'A01, A04, A08, A31, A40; A18 and A34 are mapped; others are kept for a person (unmerge, A47)',
        shownBy: [
          `${mapping} :: 6.4 ADT \${event} is \${type}`,
          `${mapping} :: 6.4 several merges in one message, and merges that cannot be`,
          `${receive} :: 6.1 refused: \${what} :: an unmerge`,
          `${receive} :: 6.1 refused: \${what} :: an unsupported event`,
        ],
      },
      {
        says: 'published under both keys, keeps history, the survivor shows both',
        shownBy: [
          `${mapping} :: 6.4 ADT \${event} is a merge, published under both keys`,
          `${api} :: a merge shows the retired record under the survivor, and says so`,
          'test/e2e/changes.e2e.test.ts :: a merge (A40) shows both histories under the survivor, and late news of the retired record do not undo it',
        ],
      },
      {
        says: 'AI results in flight of either patient are held for review',
        shownBy: [
          `${apiReview} :: facts 6.4: a result in flight while its patient was merged is held for review, and the view says so`,
          `${fhir} :: 6.4 an unreviewed result of a merged patient is held, although unreviewed ones may leave`,
        ],
      },
      {
        says: 'a FHIR Patient is linked only if it is ours; an order for a retired patient is not sent by itself',
        shownBy: [
          `${fhir} :: 6.4 a merged Patient of ours points to the survivor; the Patient of the hospital is never written`,
          `${decide} :: 6.6 \${what}: \${expected} :: a patient merged away`,
          `${rest} :: 6.4 no order of ours registers a patient who was merged away`,
        ],
      },
    ],
  },
  '6.5': {
    title: 'Corrected inputs',
    clauses: [
      {
        says: 'only F and C feed models',
        shownBy: [
          `${mapping} :: \${what} fails the analysis, never the order :: 6.5 a preliminary value`,
          `${mapping} :: \${what} fails the analysis, never the order :: 6.5 a withdrawn value`,
          `${mapping} :: 6.5 a corrected value counts, and a preliminary one beside it does not make it ambiguous`,
        ],
      },
      {
        says: 'a later C, D or W marks dependent predictions stale, tells the reviewer, blocks approval',
        shownBy: [
          `${api} :: an input corrected or withdrawn after the request makes the analysis stale`,
          `${api} :: facts 6.5: a correction under the filler number the order did not know makes the analysis stale through the order`,
          `${apiReview} :: facts 6.5: corrected (C), deleted (D) and wrong (W) inputs block approval, also when a final value comes again`,
          `${review} :: facts 6.5: a stale result can be rejected but not approved`,
          `${fhir} :: 6.5 a correction of an input makes a released result stale, in words; it stays released`,
          `${fhir} :: 6.5 a correction or withdrawal that came under the laboratory’s number counts through the order`,
          `${dispatcher} :: facts 6.5: a correction under a number the order did not know makes the analysis of that order wait again`,
        ],
      },
      {
        says: 'W and D withdraw them',
        shownBy: [
          `${fhir} :: 6.5 a withdrawn input withdraws what was released of it`,
          `${fhir} :: 6.5 a withdrawn input keeps back what was never released`,
        ],
      },
      {
        says: 'the meaning of F, P, C, A, X, D, W',
        shownBy: [
          `${mapping} :: 6.5 OBX-11 \${letter} is \${status}, under the same id`,
          `${fhir} :: 6.5 OBX-11 \${letters} is \${theirs}`,
        ],
      },
      {
        says: 'a preliminary or partial report does not close an order',
        shownBy: [
          `${mapping} :: 6.5 \${what}: \${said[0] ?? 'the order is left as it is'} :: a preliminary report`,
          `${mapping} :: 6.5 \${what}: \${said[0] ?? 'the order is left as it is'} :: a partial report`,
          `${mapping} :: 6.5 \${what}: \${said[0] ?? 'the order is left as it is'} :: a final report with a result still to come`,
        ],
      },
      {
        says: 'results for unknown or cancelled orders are stored and flagged',
        shownBy: [
          `${api} :: facts 6.5: results for unknown and for cancelled orders are kept, and say so`,
          `${fhir} :: 6.5 a result of a cancelled or unknown order is kept and says so`,
        ],
      },
      {
        says: 'a critical value that was corrected says so to whoever has not seen it yet',
        shownBy: [`${alerts} :: facts 6.5: a correction that is not critical says so; the alert stays open and no longer climbs`],
      },
    ],
  },
  '6.6': {
    title: 'Amend and cancel',
    clauses: [
      {
        says: 'XO, CA, DC, OC, OD, SC as they come in',
        shownBy: [
          `${mapping} :: 6.6 ORC-1 \${control.slice(0, 2)} is \${type ?? 'kept and changes nothing'}`,
          `${mapping} :: 6.6 a status change to CA or DC is a cancellation by the filler`,
          `${mapping} :: 6.6 amending an analysis order with new inputs is refused, without them it is not`,
          `${mapping} :: 6.6 a rejected specimen (SPM-21) is told of the order, which stands unless the laboratory ends it`,
        ],
      },
      {
        says: 'XO, CA, DC as they go out, and their answers',
        shownBy: [
          `${decide} :: 6.6 \${what}: \${expected}`,
          `${mllp} :: 6.6 placed, amended, cancelled: NW, XO, CA, and the laboratory’s CR cancels the order`,
          `${mllp} :: 6.6 OK to a cancellation: taken, not cancelled; no event`,
          `${rest} :: 6.6 a cancellation is asked for, and \${type} only once the laboratory says so; asked again only for a new wish`,
        ],
      },
      {
        says: 'a wish sets cancel requested; revoked only when the laboratory says so',
        shownBy: [
          `${order} :: a wish to cancel is no cancellation`,
          `${fhir} :: 6.6 an order \${what} is \${request}, a medication \${medication}`,
        ],
      },
      {
        says: 'UC: still active, alert',
        shownBy: [
          `${mllp} :: 6.6 UC: the order stands, the refusal is an event, and the wish is not repeated`,
          `${order} :: facts 6.6: after a refused cancellation the order is active and says so, until somebody wishes anew`,
          `${alerts} :: facts 6.6: \${type} raises \${kind} once :: OrderCancelRefused`,
        ],
      },
      {
        says: 'final Observations are never revoked',
        shownBy: [
          `${mapping} :: 6.6 a cancellation says nothing of results: final observations are never revoked by it`,
          `${fhir} :: 6.6 final results are not revoked with their order`,
        ],
      },
    ],
  },
  '6.7': {
    title: 'Duplicate orders',
    clauses: [
      {
        says: 'equal content is a no-op',
        shownBy: [
          `${mapping} :: 6.7 the same order placed again, in another message, is the same fact; with other content it is not`,
          `${order} :: the same placement again is a no-op, also after an amendment`,
        ],
      },
      {
        says: 'different content is UA and 205',
        shownBy: [
          `${receive} :: 6.7 a known placer number with other content: UA and 205 for that order, OK for the others`,
          `${receive} :: 6.7 in enhanced mode UA comes in the application answer, or as CR for who wants none`,
          `${receive} :: 6.7 while the store of placer numbers is away orders are taken and the reducer judges`,
          `${order} :: other content under the same placer number is refused and marked, and repeating it changes nothing more`,
        ],
      },
      {
        says: 'a number used for two patients shows neither the result of the other',
        shownBy: [
          `${mapping} :: 6.7 an order number used for two patients asks for two jobs: neither shows the result of the other`,
        ],
      },
      {
        says: '205 from a laboratory: ours if it may have come before, else a person looks',
        shownBy: [
          `${mllp} :: 6.7 205 to the first sending: somebody else has our number`,
          `${mllp} :: 6.7 205 to a repeat: the laboratory has our order`,
          `${rest} :: 6.7 another order under our number is left alone`,
        ],
      },
    ],
  },
  '6.8': {
    title: 'LIS time-outs',
    clauses: [
      {
        says: 'identical bytes again only where the laboratory deduplicates',
        shownBy: [
          `${mllp} :: 6.8 answered \${what} N−1 times, by a laboratory that deduplicates: identical bytes until it answers, one effect`,
          `${mllp} :: a crash after the answer and before the verdict: not sent again where repeats are not taken once`,
        ],
      },
      {
        says: 'else ask, or needs review',
        shownBy: [
          `${mllp} :: 6.8 no answer, and no promise to deduplicate: never twice, the order waits for a person, another order goes on`,
          `${mllp} :: 6.8 results prove that the unanswered order arrived`,
          `${rest} :: 6.8 \${what}: looked up before it is sent again, one patient and one order`,
          `${rest} :: 6.8 the reply to a cancellation is lost: asked again under the same key, one event`,
        ],
      },
      {
        says: 'only that placer number waits',
        shownBy: [
          `${mllp} :: of several orders one without answer holds itself; verdicts already given are kept when the laboratory goes away`,
        ],
      },
    ],
  },
  '6.9': {
    title: 'Priority',
    clauses: [
      {
        says: 'A, S, R and the agreed code plus the word, in whichever field the version has',
        shownBy: [
          `${mapping} :: 6.9 priority, \${what}: \${priority} :: TQ1-9 S`,
          `${mapping} :: 6.9 priority, \${what}: \${priority} :: OBR-27.6 S`,
          `${mapping} :: 6.9 priority, \${what}: \${priority} :: A stays asap whatever the word`,
        ],
      },
      {
        says: 'the same on the way out, never A for urgent, and the way back',
        shownBy: [
          `${renderOml} :: 6.9 \${priority} is \${code} in TQ1-9, and in no other field`,
          `${renderOml} :: 6.9 urgent as T and in another field, where that was agreed; never A`,
          `${decide} :: 6.9 urgent is sent only as agreed`,
          `${decide} :: 6.9 a priority nobody understood is never sent as routine`,
          `${rest} :: 6.9 a priority nobody understood is never sent as routine`,
          `services/sync/src/domain/lis/way-back.unit.test.ts :: 6.9 \${priority} is \${priority} on the way back, urgent being \${code}`,
        ],
      },
      { says: 'the same in FHIR', shownBy: [`${fhir} :: 6.9 \${priority} stays \${priority}, in orders, medication and jobs`] },
    ],
  },
  '6.10': {
    title: 'Review',
    clauses: [
      {
        says: 'unreviewed output is not written unless that is set',
        shownBy: [
          `${fhir} :: 6.10 an unreviewed result is not written`,
          `${fhir} :: 6.10 where unreviewed results may leave they are preliminary, say so, and have no verifier`,
        ],
      },
      {
        says: 'nor shown to patients',
        shownBy: [`${api} :: nothing is shown to a patient, to staff no results, to nobody anything`],
      },
      {
        says: 'an approval names job, attempt, version and digest; otherwise 409',
        shownBy: [
          `${review} :: facts 6.10: an approval names job, attempt, model version and digest; anything else is not current`,
          `${apiReview} :: only doctors and radiologists review, and only what they looked at`,
        ],
      },
      {
        says: 'rejected after release: entered in error; before: nothing',
        shownBy: [
          `${fhir} :: 6.10 rejected after release: entered in error, without the result`,
          `${fhir} :: 6.10 rejected before release: nothing is written`,
        ],
      },
      {
        says: 'reprocessing never touches an approved result; amended only when its successor is approved',
        shownBy: [
          `${analysis} :: facts 6.10: an approved result stands through reprocessing, and the new result waits for a review of its own`,
          `${fhir} :: 6.10 an approved result is not touched by reprocessing that is \${what}`,
          `${fhir} :: 6.10 amended only when the successor of an approved result is approved`,
        ],
      },
    ],
  },
  '6.11': {
    title: 'AI resources',
    clauses: [
      {
        says: 'a diagnosis is an Observation, a risk a RiskAssessment (per cent, beside a confidence of 0 to 1)',
        shownBy: [
          `${fhir} :: 6.11 a diagnosis is an Observation in a DiagnosticReport, a risk a RiskAssessment`,
          `${fhir} :: 6.11 the same probability is 87 in probabilityDecimal and 0.87 as AI confidence`,
        ],
      },
      {
        says: 'AIAST on results, kept after approval, not on Device or Patient',
        shownBy: [
          `${fhir} :: 6.11 AIAST on results, not on Device, Patient or Task`,
          `${fhir} :: 6.10 approved: final, and AIAST stays`,
        ],
      },
      {
        says: 'Provenance: AIAST, the device as author, the approving person as verifier',
        shownBy: [`${fhir} :: 6.11 Provenance: reason AIAST, the model as author, the approving person as verifier`],
      },
      {
        says: 'demonstration models are tagged HTEST and say so',
        shownBy: [`${fhir} :: 6.11 what a demonstration model says is tagged HTEST and says so where people read`],
      },
    ],
  },
  '6.12': {
    title: 'FHIR writes',
    clauses: [
      {
        says: 'Device at deployment, not in every bundle',
        shownBy: [`${fhir} :: 6.12 the Device is in no rendering, and another file is another Device`],
      },
      {
        says: 'a coalesced bundle repeats no resource',
        shownBy: [`${plan} :: 6.12 no resource twice in a bundle: the later rendering, the remembered condition`],
      },
      {
        says: 'on 422 split, the bad one isolated',
        shownBy: [
          `${fhirFailures} :: \${status}: the bad one is isolated and rejected with what the server said, the others are written once each`,
        ],
      },
      {
        says: 'on 409 and 412 re-read; overwrite only what is ours',
        shownBy: [
          `${fhirFailures} :: a stale version is looked up: older content of ours is overwritten, once`,
          `${fhirFailures} :: 6.12 what is newer or not ours stays; the patient’s other works are written`,
          'services/sync/src/fhir/look.unit.test.ts :: 6.12 a Patient of another identifier is foreign',
        ],
      },
      {
        says: 'Patient match on system and value only; a created one is identifier only',
        shownBy: [
          `${fhir} :: 6.12 our Patient is the identifier and nothing else`,
          `${fhirFailures} :: 6.12 demographics that others add to our Patient are never overwritten`,
          `${fhirFailures} :: 6.12 two patients on the server carry the identifier: nobody chooses`,
        ],
      },
      {
        says: 'SMART: published JWKS, fresh jti',
        shownBy: [
          `${auth} :: an assertion signed \${algorithm} is what SMART Backend Services asks for`,
          `${auth} :: the published keys hold nothing private and the key id of a JWK is kept`,
          'services/sync/src/fhir/auth/smart.int.test.ts :: a token endpoint that fails twice, then serves: each caller tries anew, with a fresh jti',
        ],
      },
    ],
  },
  '6.13': {
    title: 'Encoding',
    clauses: [
      {
        says: 'Korean is decoded as CP949',
        shownBy: [`${charset} :: 6.13 Korean is decoded as CP949, also what KS X 1001 does not have`],
      },
      {
        says: 'KS X 1001 is encoded strictly; what cannot be said or read is an error',
        shownBy: [
          `${charset} :: 6.13 what KS X 1001 cannot say is an error: CP949 alone has it, or nobody`,
          `${charset} :: 6.13 what cannot be decoded is an error in every character set, never a replacement`,
          `${mllp} :: 6.13 what the character set cannot say is not sent`,
        ],
      },
      { says: 'MSH-18 absent: the channel’s default', shownBy: [`${charset} :: 6.13 MSH-18 \${msh18.join('~') || 'absent'}`] },
      {
        says: 'normalised to NFC',
        shownBy: [
          'services/ingest/src/mllp/message.unit.test.ts :: 6.13 text is normalised to NFC',
          `${charset} :: 6.13 a composed and a decomposed syllable are the same bytes`,
        ],
      },
    ],
  },
  '6.14': {
    title: 'Units and time',
    clauses: [
      {
        says: 'code, system and unit match',
        shownBy: [
          `${mapping} :: 6.14 observations matched by code, system and unit become the features, in the manifest order`,
          `${mapping} :: \${what} fails the analysis, never the order :: 6.14 another unit`,
        ],
      },
      {
        says: 'comparators, duplicates and "" fail the analysis, never the order',
        shownBy: [
          `${mapping} :: \${what} fails the analysis, never the order :: 6.14 >1000`,
          `${mapping} :: \${what} fails the analysis, never the order :: 6.14 the same code twice`,
          `${mapping} :: \${what} fails the analysis, never the order :: 6.14 an explicitly empty value`,
        ],
      },
      {
        says: 'a time without offset takes the channel’s zone',
        shownBy: [
          `${time} :: 6.14 time \${text} is \${iso ?? 'none'}`,
          `${fhir} :: 6.14 a time keeps its offset and its precision; seconds are filled because FHIR demands them`,
        ],
      },
      {
        says: 'a birth date never passes through UTC and keeps its precision',
        shownBy: [`${mapping} :: 6.14 a birth date keeps its precision and never passes through UTC`],
      },
    ],
  },
  '6.15': { title: 'DICOM', later: 'comes with image uploads; nothing here reads DICOM yet' },
  '6.16': {
    title: 'Environments',
    clauses: [
      {
        says: 'T and D never reach production',
        shownBy: [
          `${receive} :: 6.16 a trial channel checks, keeps and answers test messages, and nothing of them takes effect`,
          `${mllp} :: 6.16 an answer from a test system is never believed`,
          `${renderOml} :: 6.16 MSH-11 says which environment`,
        ],
      },
      {
        says: 'an allow-list of senders per listener',
        shownBy: [`${receive} :: 6.1 refused: \${what} :: 6.16 a sender not on the list`],
      },
    ],
  },
  '6.17': { title: 'Retention', later: 'comes with the deletion of payload by policy; nothing here deletes results or audit' },
};
