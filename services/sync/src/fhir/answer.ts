/** What a reply to a transaction means. Pure and total: whatever the server says, it is one of these. */
import type { Json } from '../delivery/target.ts';
import { readWritten } from './bundle.ts';
import type { FhirReply } from './client.ts';
import { isObject, type JsonRecord, textIn } from './json.ts';
import type { Entry } from './plan.ts';

export type Answer =
  | { readonly kind: 'written'; readonly versions: ReadonlyMap<string, string | null> }
  /** Somebody else was faster: 409 or 412, servers differ. */
  | { readonly kind: 'conflict' }
  /** Something in it is wrong and will stay so. */
  | { readonly kind: 'invalid'; readonly status: number; readonly detail: Json }
  /** Says nothing of this content: it may be the server or the patient, and it may have taken effect. */
  | { readonly kind: 'odd'; readonly code: 'FHIR_REPLY_UNREADABLE' | 'FHIR_UNEXPECTED_STATUS' };

export function answerOf(reply: FhirReply, entries: readonly Entry[]): Answer {
  switch (reply.status) {
    case 200:
    case 201: {
      const versions = readWritten(reply.resource, entries);
      return versions === null ? { kind: 'odd', code: 'FHIR_REPLY_UNREADABLE' } : { kind: 'written', versions };
    }
    case 409:
    case 412:
      return { kind: 'conflict' };
    case 400:
    case 413:
    case 422:
      return { kind: 'invalid', status: reply.status, detail: outcomeKept(reply.resource) };
    default:
      return { kind: 'odd', code: 'FHIR_UNEXPECTED_STATUS' };
  }
}

const maxIssues = 20;
const maxText = 1_000;

/** An OperationOutcome as the ledger keeps it: what a person needs, no more than a few kilobytes; null for anything else. */
export function outcomeKept(resource: JsonRecord | null): Json {
  if (textIn(resource, 'resourceType') !== 'OperationOutcome') return null;
  const issues = Array.isArray(resource?.['issue']) ? resource['issue'] : [];
  return { resourceType: 'OperationOutcome', issue: issues.slice(0, maxIssues).filter(isObject).map(issueKept) };
}

function issueKept(issue: JsonRecord): Json {
  const kept: Record<string, Json> = {};
  for (const name of ['severity', 'code', 'diagnostics']) {
    const text = textIn(issue, name);
    if (text !== null) kept[name] = text.slice(0, maxText);
  }
  for (const name of ['location', 'expression']) {
    const texts = issue[name];
    if (Array.isArray(texts))
      kept[name] = texts
        .filter((one) => typeof one === 'string')
        .slice(0, 5)
        .map((one) => one.slice(0, maxText));
  }
  const details = issue['details'];
  const text = textIn(details, 'text');
  if (text !== null) kept['details'] = { text: text.slice(0, maxText) };
  return kept;
}
