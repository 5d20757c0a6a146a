/** Asks the server's own `$validate` about each resource before it is sent (FHIR_VALIDATE), so that a bad one is known before it costs a transaction. */
import type { Json } from '../delivery/target.ts';
import { outcomeKept } from './answer.ts';
import type { FhirClient } from './client.ts';
import { fhirError } from './errors.ts';
import { objectsIn, textIn } from './json.ts';
import type { Entry } from './plan.ts';

export type Validator = {
  /** What is wrong with the first bad one, null when all are good. Rejects as the client does, and with FHIR_UNEXPECTED_STATUS. */
  check(entries: readonly Entry[], signal: AbortSignal): Promise<Json>;
};

/** Content found good is remembered: a retry does not ask again. */
const maxRemembered = 20_000;

export function createValidator(client: FhirClient): Validator {
  const good = new Set<string>();
  return {
    check: async (entries, signal) => {
      for (const { digest, resource } of entries) {
        if (good.has(digest)) continue;
        const problem = await validateOne(client, resource, signal);
        if (problem !== null) return problem;
        if (good.size >= maxRemembered) good.clear();
        good.add(digest);
      }
      return null;
    },
  };
}

async function validateOne(client: FhirClient, resource: Entry['resource'], signal: AbortSignal): Promise<Json> {
  const path = `${resource.resourceType}/$validate`;
  const reply = await client.send({ method: 'POST', path, body: resource, signal });
  // A server without $validate was named at start; its own judgement comes with the transaction.
  if ([404, 405, 501].includes(reply.status)) return null;
  if (reply.status >= 500 || textIn(reply.resource, 'resourceType') !== 'OperationOutcome')
    throw fhirError('FHIR_UNEXPECTED_STATUS');
  const isBad = objectsIn(reply.resource, 'issue').some((issue) => ['error', 'fatal'].includes(textIn(issue, 'severity') ?? ''));
  return isBad ? outcomeKept(reply.resource) : null;
}
