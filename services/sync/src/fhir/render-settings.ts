/**
 * How this hospital's local names read in FHIR. FHIR_SYSTEMS_FILE is JSON with two optional members, each a table of uris:
 * `codeSystems` by HL7 coding system name or `facility|name`, `patientSystems` by `facility|assigning authority`.
 */
import { readFile } from 'node:fs/promises';
import { ConfigError } from '@clinstream/runtime/config';
import type { RenderSettings } from '../domain/fhir/types.ts';
import type { FhirConfig } from './config.ts';
import { isObject, parseObject } from './json.ts';

/** Rejects with a ConfigError that names FHIR_SYSTEMS_FILE and every problem in it. */
export async function readRenderSettings(config: FhirConfig): Promise<RenderSettings> {
  const { systemBase, systemsFile, releaseUnreviewed, writePatient, writeTasks } = config;
  const tables = systemsFile === null ? none : await readTables(systemsFile);
  return { systemBase, ...tables, releaseUnreviewed, writePatient, writeTasks };
}

type Tables = Pick<RenderSettings, 'codeSystems' | 'patientSystems'>;
const none: Tables = { codeSystems: {}, patientSystems: {} };

async function readTables(path: string): Promise<Tables> {
  const text = await readFile(path, 'utf8').catch(() => null);
  const document = parseObject(text);
  if (document === null) throw wrong([text === null ? 'cannot be read' : 'is no JSON object']);
  const problems: string[] = [];
  const tables = {
    codeSystems: tableOf(document['codeSystems'], 'codeSystems', problems),
    patientSystems: tableOf(document['patientSystems'], 'patientSystems', problems),
  };
  if (problems.length > 0) throw wrong(problems);
  return tables;
}

function tableOf(value: unknown, name: string, problems: string[]): Readonly<Record<string, string>> {
  const table: Record<string, string> = {};
  if (value !== undefined && !isObject(value)) problems.push(`has ${name} that is no object`);
  for (const [key, uri] of Object.entries(isObject(value) ? value : {})) {
    if (typeof uri === 'string' && /^(https?:\/\/|urn:)\S+$/.test(uri)) table[key] = uri;
    else problems.push(`has an entry of ${name} that is no absolute uri`);
  }
  return table;
}

const wrong = (problems: readonly string[]): ConfigError =>
  new ConfigError(problems.map((problem) => ({ variable: 'FHIR_SYSTEMS_FILE', problem, expected: null })));
