/** What a person reads after the sample day. Pure. */
import type { Delivered } from './delivered.ts';
import type { DayResult } from './play-day.ts';
import { type StartOptions, servicesOf } from './start-options.ts';

export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;

export const isComplete = (day: DayResult, delivered: Delivered | null = null): boolean =>
  day.steps.every((step) => step.why === null) && (delivered?.missing ?? []).length === 0;

/** One line that says it all; the last line of `npm start -- --once`. */
export function summaryLine(day: DayResult, delivered: Delivered | null = null): string {
  const met = day.steps.filter((step) => step.why === null).length;
  const outside = delivered === null ? '' : `; ${countsOf(delivered)}`;
  return `${isComplete(day, delivered) ? 'ok' : 'FAILED'}: ${met} of ${day.steps.length} steps as expected; ${numbersOf(day)}${outside}`;
}

function countsOf({ fhir, lis, missing }: Delivered): string {
  const resources = Object.values(fhir ?? {}).reduce((sum, count) => sum + count, 0);
  return [
    ...(fhir === null ? [] : [`${resources} resources in FHIR`]),
    ...(lis === null ? [] : [`${lis.orders} orders in the laboratory`]),
    ...(missing.length === 0 ? [] : [`${missing.length} not as expected`]),
  ].join(', ');
}

/** What came to stand outside, by type, with a link to look at. */
export function deliveredText(delivered: Delivered): string {
  const { fhir, record, missing } = delivered;
  const types = Object.entries(fhir ?? {}).flatMap(([type, count]) => (count === 0 ? [] : [`${count} ${type}`]));
  return [
    `delivered ${countsOf(delivered)}`,
    ...(types.length === 0 ? [] : [`          ${types.join(', ')}`]),
    ...(record === null ? [] : [`record    ${record}`]),
    ...missing.map((one) => `missing   ${one}`),
  ].join('\n');
}

function numbersOf(day: DayResult): string {
  const ended = (status: string): number => day.ended.get(status) ?? 0;
  const sorted = [...day.visibleMs].sort((a, b) => a - b);
  const times =
    sorted.length === 0 ? '' : `, accepted to visible p50 ${ms(percentile(sorted, 0.5))} p99 ${ms(percentile(sorted, 0.99))}`;
  const others = ['abstained', 'cancelled'].flatMap((status) => (ended(status) > 0 ? [`, ${ended(status)} ${status}`] : []));
  return `${day.accepted} accepted, ${ended('completed')} completed, ${ended('failed')} failed${others.join('')}${times}`;
}

const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

export function linksText({ ports, dataDir, without }: Pick<StartOptions, 'ports' | 'dataDir' | 'without'>): string {
  const at = (port: number, path: string) => `http://127.0.0.1:${port}${path}`;
  const metrics = servicesOf({ without }).map((name) => at(ports.ops[name], '/metrics'));
  return [
    `send      ${at(ports.ingestHttp, '/v1/analyses')}   document and try-it-out ${at(ports.ingestHttp, '/docs')}`,
    `read      ${at(ports.apiHttp, '/v1/analyses')}   document and try-it-out ${at(ports.apiHttp, '/docs')}`,
    `HL7 v2    127.0.0.1:${ports.mllp} (MLLP)`,
    ...(without.has('fhir') && without.has('lis') ? [] : [`delivered ${at(ports.apiHttp, '/v1/deliveries')}`]),
    `metrics   ${metrics.join('  ')}`,
    `logs      ${dataDir}/logs`,
    'token     npm run --silent token -- --role doctor',
  ].join('\n');
}
