/** One transaction for several works of one patient, and what its reply says. Pure. */
import { type JsonRecord, objectIn, textIn } from './json.ts';
import type { Entry, Known, Plan } from './plan.ts';

/**
 * What the plans still want written, each resource once: where two works render the same one, the later work's rendering counts. What this call
 * has seen on the server (`known`) goes before what the ledger remembers.
 */
export function entriesOf(plans: readonly Plan[], known: Known): readonly Entry[] {
  const merged = new Map<string, Entry>();
  for (const { changed } of plans) {
    for (const entry of changed) {
      const ifMatch = entry.ifMatch ?? merged.get(entry.key)?.ifMatch ?? null;
      merged.set(entry.key, { ...entry, ifMatch });
    }
  }
  return [...merged.values()].flatMap((entry) => {
    const standing = known.get(entry.key);
    if (standing === undefined) return entry;
    return standing.digest === entry.digest ? [] : { ...entry, ifMatch: standing.version };
  });
}

export const transactionOf = (entries: readonly Entry[], baseUrl: string): object => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: entries.map(({ key, resource, ifMatch }) => ({
    fullUrl: `${baseUrl}/${key}`,
    resource,
    request: { method: 'PUT', url: key, ...(ifMatch === null ? {} : { ifMatch: `W/"${ifMatch}"` }) },
  })),
});

/** The version of each entry; null when the reply is not one answer per entry: then nobody knows what was written. */
export function readWritten(reply: JsonRecord | null, entries: readonly Entry[]): ReadonlyMap<string, string | null> | null {
  if (textIn(reply, 'resourceType') !== 'Bundle' || textIn(reply, 'type') !== 'transaction-response') return null;
  const answers = reply?.['entry'];
  if (!Array.isArray(answers) || answers.length !== entries.length) return null;
  const written = new Map<string, string | null>();
  for (const [index, entry] of entries.entries()) {
    const version = versionIn(answers[index], entry.key);
    if (version === undefined) return null;
    written.set(entry.key, version);
  }
  return written;
}

/** Undefined when the answer is none, or not to this entry. */
function versionIn(answer: unknown, key: string): string | null | undefined {
  const response = objectIn(answer, 'response');
  if (!/^20[01]\b/.test(textIn(response, 'status') ?? '')) return undefined;
  const location = textIn(response, 'location');
  if (location !== null && !`/${location}/`.includes(`/${key}/`)) return undefined;
  return parseVersion(textIn(response, 'etag')) ?? /\/_history\/([A-Za-z0-9.-]{1,64})$/.exec(location ?? '')?.[1] ?? null;
}

/** `W/"3"` and `"3"` are version 3. */
export const parseVersion = (etag: string | null): string | null =>
  /^(?:W\/)?"([A-Za-z0-9.-]{1,64})"$/.exec(etag?.trim() ?? '')?.[1] ?? null;
