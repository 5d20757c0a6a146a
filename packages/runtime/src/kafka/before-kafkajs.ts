/** Replacements that kafkajs picks up as it is loaded: imported in front of it, by `kafkajs.ts` alone. Where its insides look different, nothing changes. */
import { crc32c } from './crc32c.ts';
import { groupMessages } from './group-messages.ts';
import { replaceFunction } from './kafkajs-insides.ts';

replaceFunction('kafkajs/src/producer/groupMessagesPerPartition.js', () => groupMessages as never);
replaceFunction('kafkajs/src/protocol/recordBatch/crc32C/index.js', () => crc32c as never);
