/** The inference service: AI jobs in, results out. */
import { runMain } from '@clinstream/runtime/lifecycle';
import { createApp } from './app.ts';
import { parseConfig } from './config.ts';

await runMain({ name: 'inference', parseConfig, createApp });
