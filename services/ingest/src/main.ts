import { runMain } from '@clinstream/runtime/lifecycle';
import { createApp } from './app.ts';
import { parseConfig } from './config.ts';

await runMain({ name: 'ingest', parseConfig, createApp });
