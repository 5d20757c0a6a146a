/** What came to stand outside: resources as the FHIR server itself counts them, orders and refusals as the API shows them. */
import type { ExpectedDeliveries } from './sample-day.ts';
import { waitFor } from './wait.ts';

export type Delivered = {
  /** Resources by type; null where there is no FHIR server. */
  readonly fhir: Readonly<Record<string, number>> | null;
  /** Orders the laboratory accepted; null where there is none. */
  readonly lis: { readonly orders: number } | null;
  /** One patient's record, for a browser. */
  readonly record: string | null;
  /** What is missing, one line each. */
  readonly missing: readonly string[];
};

export type DeliveredInput = {
  readonly fhirBaseUrl: string | null;
  readonly hasLis: boolean;
  readonly apiUrl: string;
  readonly token: () => Promise<string>;
  readonly expected: ExpectedDeliveries;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
};

const countedTypes = [
  'Patient',
  'ServiceRequest',
  'Specimen',
  'Observation',
  'DiagnosticReport',
  'RiskAssessment',
  'Provenance',
  'Device',
  'Task',
  'MedicationRequest',
  'DetectedIssue',
] as const;

/** Asks until everything expected is there or the time is up; what is missing then is in the answer. */
export async function untilDelivered(input: DeliveredInput): Promise<Delivered> {
  let last: Delivered = { fhir: null, lis: null, record: null, missing: ['nothing could be asked'] };
  const isThere = async (): Promise<boolean> => {
    last = await askDelivered(input);
    return last.missing.length === 0;
  };
  const { deadlineMs, signal } = input;
  await waitFor(isThere, { deadlineMs, everyMs: 500, what: 'delivered', signal }).catch((error: Error) => {
    signal.throwIfAborted();
    if (last.missing[0] === 'nothing could be asked') last = { ...last, missing: [String(error.cause ?? error.message)] };
  });
  return last;
}

async function askDelivered(input: DeliveredInput): Promise<Delivered> {
  const { fhirBaseUrl, hasLis, expected } = input;
  const fhir = fhirBaseUrl === null ? null : await countResources(fhirBaseUrl);
  const record = fhirBaseUrl === null ? null : await linkToRecord(fhirBaseUrl);
  const lis = hasLis ? { orders: (await findDeliveries(input, 'lis', 'delivered')).length } : null;
  const refused = await countRefused(input);
  const missing = [
    ...(fhir === null ? [] : shortfalls('FHIR server', expected.fhir ?? {}, fhir)),
    ...(lis === null ? [] : shortfalls('laboratory', expected.lis ?? {}, lis)),
    ...refused,
  ];
  return { fhir, lis, record, missing };
}

/** One line per thing of which there are fewer than expected. Pure. */
export function shortfalls(
  where: string,
  expected: Readonly<Record<string, number>>,
  found: Readonly<Record<string, number>>,
): readonly string[] {
  return Object.entries(expected)
    .filter(([what, count]) => (found[what] ?? 0) < count)
    .map(([what, count]) => `${where}: ${found[what] ?? 0} ${what} of ${count}`);
}

async function countResources(baseUrl: string): Promise<Readonly<Record<string, number>>> {
  const counts = await Promise.all(
    countedTypes.map(async (type) => {
      const { total = 0 } = (await getJson(`${baseUrl}/${type}?_summary=count`)) as { readonly total?: number };
      return [type, total] as const;
    }),
  );
  return Object.fromEntries(counts);
}

type Found = { readonly entry?: readonly { readonly resource?: { readonly subject?: { readonly reference?: string } } }[] };

/** Of somebody with a laboratory order: there is most to see. */
async function linkToRecord(baseUrl: string): Promise<string | null> {
  const found = (await getJson(`${baseUrl}/ServiceRequest?_count=1`)) as Found;
  const reference = found.entry?.[0]?.resource?.subject?.reference;
  return reference === undefined ? null : `${baseUrl}/${reference}/$everything`;
}

const badOutcomes = ['rejected', 'needs_review'] as const;

async function countRefused(input: DeliveredInput): Promise<readonly string[]> {
  const targets = [...(input.fhirBaseUrl === null ? [] : ['fhir']), ...(input.hasLis ? ['lis'] : [])];
  const asked = targets.flatMap((target) => badOutcomes.map((outcome) => ({ target, outcome })));
  const found = await Promise.all(
    asked.map(async ({ target, outcome }) => {
      const items = await findDeliveries(input, target, outcome);
      const codes = [...new Set(items.map((item) => `${item.subjectKind} ${item.code ?? ''}`.trim()))];
      return items.length === 0 ? [] : [`${target}: ${items.length} ${outcome} (${codes.join(', ')})`];
    }),
  );
  return found.flat();
}

type DeliveryItem = { readonly subjectKind: string; readonly code?: string | null };

/** As the API shows them; more than a page is not counted. */
async function findDeliveries(
  { apiUrl, token }: DeliveredInput,
  target: string,
  outcome: string,
): Promise<readonly DeliveryItem[]> {
  const headers = { authorization: `Bearer ${await token()}` };
  const page = await getJson(`${apiUrl}/v1/deliveries?target=${target}&outcome=${outcome}&limit=200`, headers);
  return (page as { readonly items: readonly DeliveryItem[] }).items;
}

async function getJson(url: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const response = await fetch(url, { headers: { accept: 'application/json', ...headers }, signal: AbortSignal.timeout(20_000) });
  if (!response.ok) throw new Error(`${new URL(url).pathname} answered ${response.status}`);
  return await response.json();
}
