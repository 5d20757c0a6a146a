/**
 * The channel file: what was agreed with each sender. In: JSON text; out: channels, or every problem at once, each with its place. Pure.
 * Unknown members are problems too: a misspelt setting must not silently mean its default. docs/hl7.md lists them all.
 */

import { type Charset, charsets } from '@clinstream/runtime/mllp';
import type { ChannelRules } from '../domain/hl7/channel-rules.ts';
import type { AllowedSender } from '../domain/hl7/header.ts';
import { createZone } from '../domain/hl7/time.ts';
import type { TlsFiles } from './listener.ts';
import { createReader, type Reader } from './settings-reader.ts';

export type Channel = {
  /** Names the listener in events, logs and metrics, and is part of every message's identity: do not rename a channel in use. */
  readonly name: string;
  /** Null: MLLP_PORT. */
  readonly port: number | null;
  readonly tls: TlsFiles | null;
  readonly senders: readonly AllowedSender[];
  readonly rules: ChannelRules;
  readonly defaultCharset: Charset;
  /** P takes effect. T and D are checked, kept and answered, and nothing else: they never reach production (facts 6.16). */
  readonly processingIds: readonly ('P' | 'T' | 'D')[];
  /** Said when Kafka cannot confirm: CE or AR with 207, or nothing and the connection closed. */
  readonly whenUnconfirmed: 'answer' | 'close';
  readonly orderAnswers: 'response' | 'ack';
  readonly tolerateMissingCr: boolean;
  readonly limits: ChannelLimits;
};

export type ChannelLimits = {
  readonly maxConnections: number;
  readonly maxInFlightPerConnection: number;
  readonly maxFrameBytes: number;
  readonly idleTimeoutMs: number;
  readonly frameTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** Longest wait for Kafka and the blob store before the message counts as unconfirmed. */
  readonly answerTimeoutMs: number;
};

export type ChannelsRead =
  | { readonly ok: true; readonly channels: readonly Channel[] }
  | { readonly ok: false; readonly problems: readonly string[] };

export function parseChannels(text: string): ChannelsRead {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, problems: ['the channel file is not JSON'] };
  }
  const problems: string[] = [];
  const file = createReader(json, '', problems);
  const channels = file.list('channels', readChannel);
  file.finish();
  if (channels.length === 0) problems.push('/channels: at least one channel is needed');
  problems.push(...clashes(channels));
  return problems.length === 0 ? { ok: true, channels } : { ok: false, problems };
}

function readChannel(channel: Reader): Channel {
  const read: Channel = {
    name: channel.text('name', { pattern: /^[a-z0-9][a-z0-9-]{0,40}$/ }),
    port: channel.optionalInteger('port', 0, 65_535),
    tls: channel.optionalObject('tls', readTls),
    senders: channel.list('senders', readSender),
    rules: readRules(channel),
    defaultCharset: channel.choice('defaultCharset', charsets, 'ASCII'),
    processingIds: channel.choices('processingIds', ['P', 'T', 'D'], ['P']),
    whenUnconfirmed: channel.choice('whenUnconfirmed', ['answer', 'close'], 'answer'),
    orderAnswers: channel.choice('orderAnswers', ['response', 'ack'], 'response'),
    tolerateMissingCr: channel.flag('tolerateMissingCr', true),
    limits: channel.optionalObject('limits', readLimits) ?? defaultLimits,
  };
  if (read.senders.length === 0) channel.problem('senders', 'at least one sender must be allowed');
  channel.finish();
  return read;
}

function readTls(tls: Reader): TlsFiles {
  const read = { certFile: tls.text('certFile'), keyFile: tls.text('keyFile'), clientCaFile: tls.optionalText('clientCaFile') };
  tls.finish();
  return read;
}

function readSender(sender: Reader): AllowedSender {
  const read = { application: sender.text('application'), facility: sender.text('facility') };
  sender.finish();
  return read;
}

function readRules(channel: Reader): ChannelRules {
  const zone = channel.text('zone', { fallback: 'Asia/Seoul', check: isZone, wanted: 'a time zone name' });
  return {
    facility: channel.text('facility'),
    patientId: channel.object('patientId', readPatientId) ?? { authority: '', type: '' },
    zone: createZone(isZone(zone) ? zone : 'UTC'),
    urgent: channel.optionalObject('urgent', readUrgent) ?? { codes: [], segment: 'ZPR', field: 1 },
  };
}

function readPatientId(patientId: Reader): ChannelRules['patientId'] {
  const type = patientId.text('type', { empty: true });
  // Table 0203: national ids never become a key (facts 6.3).
  if (/^(NI|NN|SS|NNKOR|CZ|TAX)/.test(type)) patientId.problem('type', 'a national identifier is never the patient key');
  const read = { authority: patientId.text('authority'), type };
  patientId.finish();
  return read;
}

function readUrgent(urgent: Reader): ChannelRules['urgent'] {
  const codes = urgent.choices('codes', ['R', 'T'], ['R', 'T']);
  const segment = urgent.text('segment', { fallback: 'ZPR', pattern: /^Z[A-Z0-9]{2}$/ });
  const read = { codes, segment, field: urgent.integer('field', 1, 99, 1) };
  urgent.finish();
  return read;
}

const defaultLimits: ChannelLimits = {
  maxConnections: 200,
  maxInFlightPerConnection: 32,
  maxFrameBytes: 1_048_576,
  idleTimeoutMs: 600_000,
  frameTimeoutMs: 30_000,
  writeTimeoutMs: 30_000,
  answerTimeoutMs: 25_000,
};

function readLimits(limits: Reader): ChannelLimits {
  const integer = (name: keyof ChannelLimits, minimum: number, maximum: number): number =>
    limits.integer(name, minimum, maximum, defaultLimits[name]);
  const read = {
    maxConnections: integer('maxConnections', 1, 10_000),
    maxInFlightPerConnection: integer('maxInFlightPerConnection', 1, 1000),
    maxFrameBytes: integer('maxFrameBytes', 1024, 16_777_216),
    idleTimeoutMs: integer('idleTimeoutMs', 100, 86_400_000),
    frameTimeoutMs: integer('frameTimeoutMs', 100, 3_600_000),
    writeTimeoutMs: integer('writeTimeoutMs', 100, 3_600_000),
    answerTimeoutMs: integer('answerTimeoutMs', 100, 600_000),
  };
  limits.finish();
  return read;
}

function isZone(name: string): boolean {
  try {
    createZone(name);
    return true;
  } catch {
    return false;
  }
}

function clashes(channels: readonly Channel[]): readonly string[] {
  const repeated = (values: readonly (string | number)[]): readonly (string | number)[] => [
    ...new Set(values.filter((value, i) => values.indexOf(value) !== i)),
  ];
  const ports = channels.map(({ port }) => port ?? 'MLLP_PORT').filter((port) => port !== 0);
  return [
    ...repeated(channels.map(({ name }) => name)).map((name) => `/channels: two channels are named ${name}`),
    ...repeated(ports).map((port) => `/channels: two channels listen on ${port}`),
  ];
}
