/** The channel file, read once at start: one listener per channel. A file that is not one is fatal, with every problem named. */
import { readFile } from 'node:fs/promises';
import { AppError } from '@clinstream/runtime/errors';
import type { IngestConfig } from './config.ts';
import { type Channel, createMllpListener, type MllpListener, parseChannels, type ReceiverDeps } from './mllp/index.ts';

/** No file, no listeners. Errors: MLLP_CHANNELS_INVALID (fatal). */
export async function createMllpListeners(config: IngestConfig['mllp'], deps: ReceiverDeps): Promise<readonly MllpListener[]> {
  if (config.channelFile === null) return [];
  const channels = await readChannels(config.channelFile);
  return channels.map((channel) => createMllpListener({ ...deps, channel, host: config.host, defaultPort: config.port }));
}

async function readChannels(file: string): Promise<readonly Channel[]> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw invalid('the file MLLP_CHANNEL_FILE names cannot be read', cause);
  });
  const read = parseChannels(text);
  if (!read.ok) throw invalid(`MLLP_CHANNEL_FILE: ${read.problems.join('; ')}`);
  return read.channels;
}

const invalid = (message: string, cause?: unknown): AppError =>
  new AppError({ code: 'MLLP_CHANNELS_INVALID', kind: 'fatal', stage: 'receive', message, cause });
