/**
 * docs/errors.md: every error code, found in the source in the four shapes codes are written in, with what stands beside it literally:
 *   { code: 'X', kind: 'poison', message: '…' }   X: { status: 404, detail: '…' }   problem(409, 'X', 'title', 'detail')   poison('X', '…')
 * Nothing is guessed: what is not written beside the code is left blank.
 */

export type SourceFile = { readonly path: string; readonly text: string };
type Found = { readonly code: string; readonly answer: string; readonly meaning: string; readonly path: string };

const name = '([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|INTERNAL|FORBIDDEN|UNCLASSIFIED)';
const literal = '(?:\'([^\'\\n]*)\'|"([^"\\n]*)"|`([^`]*)`)';
const member = new RegExp(`\\bcode: '${name}'`, 'g');
const entry = new RegExp(`^ {2}${name}: \\{`, 'gm');
const thrown = new RegExp(`\\bproblem\\(\\s*(\\d{3}),\\s*'${name}',\\s*${literal},\\s*${literal}`, 'g');
const call = new RegExp(`\\b([a-z]\\w*)\\(\\s*'${name}',\\s*${literal}`, 'g');

export function renderErrors(files: readonly SourceFile[]): string {
  const plain = files.map(({ path, text }) => ({ path, text: text.replace(/\/\*[\s\S]*?\*\//g, '') }));
  const everything = plain.map((file) => file.text).join('\n');
  const found = plain.flatMap((file) => [
    ...members(file),
    ...entries(file),
    ...thrownProblems(file),
    ...calls(file, everything),
  ]);
  const codes = Map.groupBy(found, (one) => one.code);
  const rows = [...codes.keys()].sort().map((code) => row(code, codes.get(code) ?? []));
  return `${head}\n${rows.join('\n')}\n`;
}

const head = `<!-- Written by npm run gen from the code. Do not edit. -->
# Errors

One vocabulary for problem details of the HTTP services (\`code\`; \`type\` is \`urn:clinstream:problem:\` and the code in lower case with dashes),
for dead-letter headers (\`error-code\`), logs (\`err.code\`) and metrics (\`error_code\`). Messages name fields, ids and limits, never values.

What happens next follows from the kind: *retryable/dependency* everything waits until the dependency is back, no attempt is counted;
*retryable/message* this one is tried again, a bounded number of times; *poison* can never work and goes to the dead letters (HTTP 422);
*ambiguous* may have taken effect, is repeated only where that is harmless; *fatal* ends the process. A number is the HTTP status.

| code | answer | meaning | made in |
|---|---|---|---|`;

function row(code: string, all: readonly Found[]): string {
  const meaning = all.find((one) => one.meaning !== '')?.meaning ?? '';
  const places = all.map((one) => one.path.replace('/src/', '/').replace(/^(packages|services)\//, ''));
  return `| \`${code}\` | ${unique(all.map((one) => one.answer))} | ${meaning.replaceAll('|', '\\|')} | ${unique(places)} |`;
}

const unique = (texts: readonly string[]): string => [...new Set(texts.filter((text) => text !== ''))].sort().join(', ');

const members = ({ path, text }: SourceFile): readonly Found[] =>
  Array.from(text.matchAll(member), (match) => ({ code: match[1] ?? '', path, ...describe(enclosingObject(text, match.index)) }));

const entries = ({ path, text }: SourceFile): readonly Found[] =>
  Array.from(text.matchAll(entry), (match) => {
    const object = enclosingObject(text, match.index + match[0].length);
    return { code: match[1] ?? '', path, ...describe(object) };
  }).filter((one) => /^\d{3}$/.test(one.answer));

const thrownProblems = ({ path, text }: SourceFile): readonly Found[] =>
  Array.from(text.matchAll(thrown), ([, status = '', code = '', , , , ...detail]) => ({
    code,
    path,
    answer: status,
    meaning: tidy(detail.slice(0, 3).find((one) => one !== undefined)),
  }));

/** `poison('X', '…')`: what the helper makes of it stands in its definition, here or exported elsewhere. A reader of codes defines no kind. */
const calls = ({ path, text }: SourceFile, everything: string): readonly Found[] =>
  Array.from(text.matchAll(call), ([, helper = '', code = '', ...texts]) => {
    const body = `(?:const|function) ${helper}\\b[^;]{0,500}?kind: '(\\w+)'(?:[^;]{0,60}?scope: '(\\w+)')?`;
    const definition = new RegExp(body).exec(text) ?? new RegExp(`export ${body}`).exec(everything);
    const answer = answerOf(definition?.[1], definition?.[2]);
    return { code, path, answer, meaning: tidy(texts.slice(0, 3).find((one) => one !== undefined)) };
  }).filter((one) => one.answer !== '');

function describe(object: string): { readonly answer: string; readonly meaning: string } {
  const kind = answerOf(/\bkind: '(\w+)'/.exec(object)?.[1], /\bscope: '(\w+)'/.exec(object)?.[1]);
  const status = /\bstatus: (\d{3})/.exec(object)?.[1] ?? '';
  const [, ...texts] = new RegExp(`\\b(?:message|detail):\\s*${literal}`).exec(object) ?? [];
  return { answer: kind === '' ? status : kind, meaning: tidy(texts.find((one) => one !== undefined)) };
}

const answerOf = (kind: string | undefined, scope: string | undefined): string =>
  kind === 'retryable' ? `retryable/${scope ?? 'message'}` : (kind ?? '');

const tidy = (text: string | undefined): string => (text ?? '').replace(/\$\{[^}]*\}/g, '…').replace(/\s+/g, ' ');

/** The text between the innermost braces around a place; braces of template literals balance, so they do no harm. */
function enclosingObject(text: string, at: number): string {
  let start = at;
  for (let depth = 0; start > 0; start--) {
    if (text[start] === '}') depth++;
    if (text[start] === '{' && depth-- === 0) break;
  }
  let end = start + 1;
  for (let depth = 0; end < text.length; end++) {
    if (text[end] === '{') depth++;
    if (text[end] === '}' && depth-- === 0) break;
  }
  return text.slice(start, end);
}
