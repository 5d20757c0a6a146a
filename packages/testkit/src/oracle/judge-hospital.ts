/**
 * What the hospital's own systems were told, from what ingest acknowledged and what those systems keep: the FHIR server every version of a resource,
 * the laboratory every message. Pure. Histories are complete, so what they do not show was not shown at any moment.
 *
 *   lost      acknowledged, and not there, or not in its last state
 *   doubled   another resource or order for one thing; a version that says what the one before said; more versions than there may be
 *   invented  there, and never asked for
 *   stale     a state older than the one told before
 */
const kinds = ['lost', 'doubled', 'invented', 'stale'] as const;
type Kind = (typeof kinds)[number];

/** Stages of a thing grow: 0 is the first, and what is told later is never lower. */
export type ExpectedResource = {
  /** `ServiceRequest/<id>` */
  readonly path: string;
  readonly what: string;
  readonly lastStage: number;
};
export type SeenVersion = { readonly stage: number /** All but what the server itself adds. */; readonly content: string };
/** Oldest first. */
export type SeenResource = { readonly path: string; readonly versions: readonly SeenVersion[] };

export type ExpectedOrder = {
  readonly placerNumber: string;
  /** 0 placed, 1 amended, 2 cancelled. */
  readonly lastStage: number;
};
/** One message as it arrived, resent ones as well. In order of arrival. */
export type SeenMessage = {
  readonly placerNumber: string;
  readonly control: string;
  readonly controlId: string;
  readonly stage: number;
  readonly content: string;
};

export type HospitalEvidence = {
  readonly resources: readonly ExpectedResource[];
  readonly orders: readonly ExpectedOrder[];
  /** All resources of the patients of those expected. */
  readonly seenResources: readonly SeenResource[];
  readonly messages: readonly SeenMessage[];
};
export type HospitalRules = {
  /** No resource may have had more versions. */
  readonly mostVersions?: number;
};
export type HospitalVerdict = {
  readonly resources: number;
  readonly versions: number;
  readonly orders: number;
  readonly messages: number;
  /** Messages that were sent before under the same number. */
  readonly resent: number;
  readonly found: Readonly<Record<Kind, readonly string[]>>;
};

type Report = (kind: Kind, line: string) => void;

export function judgeHospital(evidence: HospitalEvidence, rules: HospitalRules = {}): HospitalVerdict {
  const found: Record<Kind, string[]> = { lost: [], doubled: [], invented: [], stale: [] };
  const report: Report = (kind, line) => void found[kind].push(line);
  judgeResources(evidence, rules, report);
  judgeLaboratory(evidence, report);
  const { seenResources, messages, orders } = evidence;
  return {
    resources: seenResources.length,
    versions: seenResources.reduce((sum, { versions }) => sum + versions.length, 0),
    orders: orders.length,
    messages: messages.length,
    resent: messages.length - new Set(messages.map(({ controlId }) => controlId)).size,
    found,
  };
}

function judgeResources({ resources, seenResources }: HospitalEvidence, rules: HospitalRules, report: Report): void {
  const expected = new Set(resources.map(({ path }) => path));
  const seen = new Map(seenResources.map((resource) => [resource.path, resource]));
  for (const { path } of seenResources) if (!expected.has(path)) report('invented', `${path}: nobody asked for it`);
  for (const { path, what, lastStage } of resources) {
    const versions = seen.get(path)?.versions ?? [];
    const name = `${what} (${path})`;
    const last = versions.at(-1);
    if (last === undefined) report('lost', `${name}: not there`);
    else if (last.stage < lastStage) report('lost', `${name}: at stage ${last.stage} of ${lastStage}`);
    judgeVersions(name, versions, rules, report);
  }
}

function judgeVersions(name: string, versions: readonly SeenVersion[], { mostVersions }: HospitalRules, report: Report): void {
  if (mostVersions !== undefined && versions.length > mostVersions) report('doubled', `${name}: ${versions.length} versions`);
  for (const [index, { stage, content }] of versions.entries()) {
    const before = versions[index - 1];
    if (before === undefined) continue;
    if (before.content === content) report('doubled', `${name}: version ${index + 1} says nothing new`);
    if (before.stage > stage) report('stale', `${name}: stage ${stage} after ${before.stage} in version ${index + 1}`);
  }
}

const once: readonly string[] = ['NW', 'XO', 'CA'];

function judgeLaboratory({ orders, messages }: HospitalEvidence, report: Report): void {
  const byPlacer = Map.groupBy(messages, ({ placerNumber }) => placerNumber);
  const expected = new Set(orders.map(({ placerNumber }) => placerNumber));
  for (const number of byPlacer.keys()) if (!expected.has(number)) report('invented', `order ${number}: nobody placed it`);
  for (const { placerNumber, lastStage } of orders) {
    const told = byPlacer.get(placerNumber) ?? [];
    const last = told.at(-1);
    // Cancelled before it was sent: the laboratory need never know.
    if (last === undefined && lastStage < 2) report('lost', `order ${placerNumber}: not at the laboratory`);
    if (last !== undefined && last.stage < lastStage) {
      report('lost', `order ${placerNumber}: at stage ${last.stage} of ${lastStage} at the laboratory`);
    }
    judgeMessages(placerNumber, told, report);
  }
}

function judgeMessages(placerNumber: string, told: readonly SeenMessage[], report: Report): void {
  for (const control of once) {
    const numbers = new Set(told.filter((message) => message.control === control).map(({ controlId }) => controlId));
    if (numbers.size > 1) report('doubled', `order ${placerNumber}: ${control} under ${numbers.size} message numbers`);
  }
  for (const [controlId, same] of Map.groupBy(told, (message) => message.controlId)) {
    if (new Set(same.map(({ content }) => content)).size > 1) {
      report(
        'doubled',
        `order ${placerNumber}: message ${controlId} with other content, which no laboratory can tell from a new one`,
      );
    }
  }
  for (const [index, { stage }] of told.entries()) {
    const before = told[index - 1];
    if (before !== undefined && before.stage > stage)
      report('stale', `order ${placerNumber}: stage ${stage} after ${before.stage}`);
  }
}

export const hospitalFindings = ({ found }: HospitalVerdict, most = 5): readonly string[] =>
  kinds.flatMap((kind) => {
    const more = found[kind].length > most ? [`${kind}: and ${found[kind].length - most} more`] : [];
    return [...found[kind].slice(0, most).map((line) => `${kind}: ${line}`), ...more];
  });

export function formatHospitalVerdict({ resources, versions, orders, messages, resent, found }: HospitalVerdict): string {
  const counts = kinds.map((kind) => `${kind} ${found[kind].length}`).join(' ');
  return `hospital ${counts} · ${resources} resources in ${versions} versions · ${orders} orders in ${messages} messages, ${resent} resent`;
}
