/**
 * kafkajs logs through ours: errors and warnings become debug lines, because whoever owns the consumer or producer says once that Kafka is
 * away and once that it is back. Our allow-list drops every field it does not know. Some facts kafkajs gives only as a log line; they
 * become notices.
 */
import type { LogEntry, logCreator } from 'kafkajs';
import type { Logger } from '../telemetry/logger.ts';
import { logLevel } from './kafkajs.ts';
import type { KafkaNotice } from './types.ts';

export function createLogBridge(log: Logger, onNotice: (notice: KafkaNotice) => void): logCreator {
  const kafkaLog = log.child({ component: 'kafkajs' });
  return () => (entry) => {
    const notice = noticeOf(entry);
    if (notice) onNotice(notice);
    if (entry.level > logLevel.WARN) return;
    const { message, timestamp: _, logger: __, stack: ___, error: ____, ...fields } = entry.log;
    kafkaLog.debug(fields, `kafkajs: ${plainText(message)}`);
  };
}

/** The text of the pinned kafkajs 2.2.4; a test against a real broker fails when it changes. */
function noticeOf({ level, log }: LogEntry): KafkaNotice | null {
  if (level !== logLevel.ERROR || log.message !== 'Offset out of range, resetting to default offset') return null;
  return { kind: 'offset-out-of-range', topic: String(log['topic']), partition: Number(log['partition']) };
}

/** kafkajs quotes no record content in its messages, except where a message lacks a value: that text is cut. */
const plainText = (message: string): string =>
  message.startsWith('Invalid message') ? 'Invalid message' : message.slice(0, 300);
