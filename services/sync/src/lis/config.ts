/** The laboratory side's settings, a fragment of the service's configuration. Settings that only make sense together are checked together. */
import {
  bool,
  type Complain,
  type ConfigOf,
  group,
  integer,
  list,
  oneOf,
  optional,
  port,
  type Secret,
  secret,
  text,
  url,
} from '@clinstream/runtime/config';
import { charsets } from '@clinstream/runtime/mllp';
import type { AnswerRule, LisChannel } from '../domain/lis/channel.ts';
import type { MllpLisConfig } from './mllp/target.ts';

export type LisConfig = {
  /** Most orders a second after an outage. */
  readonly ordersPerSecond: number;
  /** Patients told about at the same time. */
  readonly concurrency: number;
} & ({ readonly kind: 'mllp'; readonly mllp: MllpLisConfig } | { readonly kind: 'rest'; readonly rest: RestSettings });

export type RestSettings = {
  readonly url: string;
  readonly token: Secret | null;
  readonly timeoutMs: number;
  readonly descriptionPath: string;
};

const fields = {
  kind: oneOf('LIS_KIND', { meaning: 'what the laboratory system speaks', values: ['mllp', 'rest'], default: 'mllp' }),
  ordersPerSecond: integer('LIS_ORDERS_PER_SECOND', {
    meaning: 'most orders a second after an outage',
    default: 50,
    min: 1,
    max: 10_000,
  }),
  timeoutMs: integer('LIS_TIMEOUT_MS', { meaning: 'longest wait for an answer', default: 30_000, min: 100, max: 300_000 }),
  host: text('LIS_HOST', { meaning: 'host of the laboratory system (mllp)', default: '127.0.0.1' }),
  port: port('LIS_PORT', { meaning: 'its MLLP port', default: 2576 }),
  lanes: integer('LIS_LANES', { meaning: 'connections to it, one message in flight on each', default: 4, min: 1, max: 64 }),
  connectTimeoutMs: integer('LIS_CONNECT_TIMEOUT_MS', {
    meaning: 'longest wait for a connection',
    default: 5_000,
    min: 100,
    max: 60_000,
  }),
  connection: oneOf('LIS_CONNECTION', {
    meaning: 'keep a connection, or use each for one message',
    values: ['keep', 'each'],
    default: 'keep',
  }),
  tls: bool('LIS_TLS', { meaning: 'speak TLS to it', default: false }),
  caFile: optional(text('LIS_TLS_CA_FILE', { meaning: 'PEM file of the authority that signed it' })),
  certFile: optional(text('LIS_TLS_CERT_FILE', { meaning: 'PEM file of our client certificate' })),
  keyFile: optional(text('LIS_TLS_KEY_FILE', { meaning: 'PEM file of its key' })),
  charset: oneOf('LIS_CHARSET', {
    meaning: 'character set of our messages (MSH-18)',
    values: charsets,
    default: 'UNICODE UTF-8',
  }),
  deduplicates: bool('LIS_DEDUPLICATES', {
    meaning: 'it takes identical bytes once, so that a lost answer may be asked for again',
    default: false,
  }),
  acknowledgement: oneOf('LIS_ACKNOWLEDGEMENT', {
    meaning: 'answer asked for: of the application, the commit, or both',
    values: ['original', 'commit', 'both'],
    default: 'original',
  }),
  answers: list<string>('LIS_ANSWERS', {
    meaning: 'what a negative answer means where it differs from the rule',
    expected: 'condition or code and retry or park, as in 103:retry,AR:park',
    default: [],
    pattern: /^(\d{3}|AE|AR|CE|CR):(retry|park)$/,
  }),
  application: text('LIS_APPLICATION', { meaning: 'its name (MSH-5)', default: 'LIS' }),
  facility: text('LIS_FACILITY', { meaning: 'its facility (MSH-6)', default: 'LAB' }),
  sendingApplication: text('LIS_SENDING_APPLICATION', { meaning: 'our name (MSH-3)', default: 'CLINSTREAM' }),
  sendingFacility: text('LIS_SENDING_FACILITY', { meaning: 'our facility (MSH-4)', default: 'HOSPITAL' }),
  processingId: oneOf('LIS_PROCESSING_ID', {
    meaning: 'environment (MSH-11): production, training, debugging',
    values: ['P', 'T', 'D'],
    default: 'P',
  }),
  patientIdType: text('LIS_PATIENT_ID_TYPE', {
    meaning: 'type of our patient ids (PID-3.5)',
    default: 'PI',
    pattern: /^[A-Z]{1,5}$/,
  }),
  unknownProvider: text('LIS_UNKNOWN_PROVIDER', {
    meaning: 'ordering provider where an order names none (OBR-16)',
    default: 'UNKNOWN',
  }),
  urgentCode: oneOf('LIS_URGENT_CODE', {
    meaning: 'TQ1-9 of an urgent order, as agreed; none: such orders need review',
    values: ['none', 'R', 'T'],
    default: 'none',
  }),
  urgentField: text('LIS_URGENT_FIELD', {
    meaning: 'field that says the word urgent',
    default: 'ZPR-1',
    pattern: /^Z[A-Z0-9]{2}-[1-9]\d?$/,
  }),
  restUrl: optional(url('LIS_REST_URL', { meaning: 'root of the laboratory system (rest)' })),
  restToken: optional(secret('LIS_REST_TOKEN', { meaning: 'token for it' })),
  restDescriptionPath: text('LIS_REST_DESCRIPTION_PATH', {
    meaning: 'where it describes itself (OpenAPI)',
    default: '/openapi.json',
    pattern: /^\//,
  }),
};
type Values = ConfigOf<typeof fields>;

export const lisConfig = group(fields, (values, complain): LisConfig => {
  const { ordersPerSecond, lanes } = values;
  // Two patients may be given the same lane: with twice as many under way hardly one is idle.
  const concurrency = 2 * lanes;
  if (values.kind === 'rest') return { kind: 'rest', ordersPerSecond, concurrency, rest: restOf(values, complain) };
  return { kind: 'mllp', ordersPerSecond, concurrency, mllp: mllpOf(values, complain) };
});

function restOf({ restUrl, restToken, restDescriptionPath, timeoutMs }: Values, complain: Complain): RestSettings {
  if (restUrl === null) complain('LIS_REST_URL', 'is not set, but LIS_KIND is rest');
  return { url: restUrl ?? '', token: restToken, timeoutMs, descriptionPath: restDescriptionPath };
}

/** No answer of ours is longer: a laboratory that sends more is not answering. */
const maxReplyBytes = 1_048_576;

function mllpOf(values: Values, complain: Complain): MllpLisConfig {
  const { host, port, lanes, connection, connectTimeoutMs, timeoutMs, charset } = values;
  const { caFile, certFile, keyFile } = values;
  if ((certFile === null) !== (keyFile === null))
    complain(certFile === null ? 'LIS_TLS_CERT_FILE' : 'LIS_TLS_KEY_FILE', 'is not set, but certificate and key go together');
  if (!values.tls && (caFile ?? certFile ?? keyFile) !== null)
    complain('LIS_TLS', 'is false, but TLS files are given; set it to true');
  const tls = values.tls ? { caFile, certFile, keyFile } : null;
  return {
    client: { host, port, tls, lanes, connection, connectTimeoutMs, replyTimeoutMs: timeoutMs, maxReplyBytes },
    settings: { channel: channelOf(values), charset, retryAfterMs: 2_000 },
  };
}

function channelOf(values: Values): LisChannel {
  const [segment = 'ZPR', field = '1'] = values.urgentField.split('-');
  const rules = values.answers.map((rule) => rule.split(':') as [string, AnswerRule]);
  return {
    sendingApplication: values.sendingApplication,
    sendingFacility: values.sendingFacility,
    receivingApplication: values.application,
    receivingFacility: values.facility,
    processingId: values.processingId,
    charset: values.charset === 'ASCII' ? '' : values.charset,
    acknowledgement: values.acknowledgement,
    patientIdType: values.patientIdType,
    unknownProvider: values.unknownProvider,
    urgent: values.urgentCode === 'none' ? null : { code: values.urgentCode, segment, field: Number(field) },
    deduplicates: values.deduplicates,
    answers: Object.fromEntries(rules),
  };
}
