/** docs/metrics.md: every metric the code defines, by the file that defines it. */
import { pathToFileURL } from 'node:url';
import type { MetricDefinition } from '../src/telemetry/metric-definitions.ts';

/** Imports the files, which must do nothing but define. */
export async function renderMetrics(files: readonly string[]): Promise<string> {
  const modules = await Promise.all(files.map((file) => import(pathToFileURL(file).href) as Promise<Record<string, unknown>>));
  const found = new Map(modules.flatMap((module) => definitionsIn(module)).map((one) => [one.name, one]));
  const rows = [...found.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(
      (one) =>
        `| \`${one.name}\` | ${one.kind} | ${(one.labels ?? []).map((label) => `\`${label}\``).join(' ')} | ${cell(one.help)} |`,
    );
  return `${head}\n${rows.join('\n')}\n`;
}

const head = `<!-- Written by npm run gen from the code. Do not edit. -->
# Metrics

Every service answers \`/metrics\` on its operator port (\`OPS_PORT\`). Labels have few, known values and never hold an id of a patient, a job or
a message. Beside these there are Node's own process metrics (\`process_cpu_seconds_total\`, \`process_resident_memory_bytes\`,
\`nodejs_eventloop_lag_p99_seconds\`, \`nodejs_gc_duration_seconds\` and their kin).

| metric | kind | labels | meaning |
|---|---|---|---|`;

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function definitionsIn(module: Record<string, unknown>): readonly MetricDefinition[] {
  return Object.values(module)
    .flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []))
    .filter(isDefinition);
}

function isDefinition(value: unknown): value is MetricDefinition {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, name, help } = value as Partial<MetricDefinition>;
  return ['counter', 'gauge', 'histogram'].includes(kind ?? '') && typeof name === 'string' && typeof help === 'string';
}
