/** The sync service: tells the hospital's FHIR server and its laboratory system what the pipeline knows, together or apart (SYNC_ROLES). */
import { runMain } from '@clinstream/runtime/lifecycle';
import { createApp } from './app.ts';
import { parseConfig } from './config.ts';

await runMain({ name: 'sync', parseConfig, createApp });
