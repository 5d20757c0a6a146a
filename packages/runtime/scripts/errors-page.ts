/** docs/errors.md: every code of every catalogue, each imported as data. Says nothing that is not in a catalogue, and throws rather than leave a cell blank. */
import type { ErrorCatalogueEntry } from '../src/errors/catalogue.ts';

export type ErrorRow = {
  readonly code: string;
  /** What follows from it: a kind, an HTTP status, how a job ends. */
  readonly answer: string;
  readonly meaning: string;
  /** Which part gives it. */
  readonly from: string;
};

type Catalogue<T> = Readonly<Record<string, T>>;

export const rowsOfErrors = (from: string, catalogue: Catalogue<ErrorCatalogueEntry>): readonly ErrorRow[] =>
  Object.entries(catalogue).map(([code, { kind, scope, meaning, whatToDo }]) => {
    if (meaning.trim() === '' || whatToDo.trim() === '')
      throw new Error(`${code} of ${from} does not say what it means and what to do`);
    return { code, from, answer: kind === 'retryable' ? `${kind}/${scope}` : kind, meaning: `${meaning} *${whatToDo}*` };
  });

export const rowsOfProblems = (
  from: string,
  catalogue: Catalogue<{ readonly status: number; readonly detail: string }>,
): readonly ErrorRow[] =>
  Object.entries(catalogue).map(([code, { status, detail }]) => ({ code, from, answer: `${status}`, meaning: detail }));

/** What a job ends with. */
export const rowsOfEndings = (
  from: string,
  catalogue: Catalogue<{ readonly ending: string; readonly meaning: string }>,
): readonly ErrorRow[] =>
  Object.entries(catalogue).map(([code, { ending, meaning }]) => ({ code, from, answer: `job ${ending}`, meaning }));

/** What stands in `errors` of a 422. */
export const rowsOfFaults = (from: string, messages: Catalogue<string>): readonly ErrorRow[] =>
  Object.entries(messages).map(([code, text]) => ({
    code,
    from,
    answer: 'in `errors` of 422',
    meaning: `The member named ${text}.`,
  }));

export function renderErrors(rows: readonly ErrorRow[]): string {
  const sorted = [...rows].sort((a, b) => compare(a.code, b.code) || compare(a.from, b.from) || compare(a.answer, b.answer));
  return `${head}\n${sorted.map(line).join('\n')}\n`;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function line(row: ErrorRow): string {
  const cells = [`\`${row.code}\``, row.answer, row.meaning, row.from];
  if (Object.values(row).some((text) => text.trim() === '')) throw new Error(`${row.code} of ${row.from} has a blank cell`);
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('<', '&lt;')).join(' | ')} |`;
}

const head = `<!-- Written by npm run gen from the code. Do not edit. -->
# Errors

One vocabulary for problem details of the HTTP services (\`code\`; \`type\` is \`urn:clinstream:problem:\` and the code in lower case with dashes),
for dead-letter headers (\`error-code\`), logs (\`err.code\`) and metrics (\`error_code\`). Messages name fields, ids and limits, never values.
What HL7 v2 senders are answered with is in [hl7.md](hl7.md).

What happens next follows from the kind: *retryable/dependency* everything waits until the dependency is back, no attempt is counted;
*retryable/message* this one is tried again, a bounded number of times; *poison* can never work and goes to the dead letters (at the HTTP doors: is refused);
*ambiguous* may have taken effect, is repeated only where that is harmless; *fatal* ends the process. A number is the HTTP status.

| code | answer | meaning, *and what to do* | given by |
|---|---|---|---|`;
