/** The API service: writes the projection (sink) and answers from it (http), together or apart (API_ROLES). */
import { runMain } from '@clinstream/runtime/lifecycle';
import { createApp } from './app.ts';
import { parseConfig } from './config.ts';

await runMain({ name: 'api', parseConfig, createApp });
