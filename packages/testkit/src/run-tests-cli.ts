/**
 * `npm test [-- unit|int|e2e|fault] [FILES]`: runs the kinds in order, the servers shared by integration tests started once, and says at the very end what passed,
 * failed and was skipped, and why. Exit 0 only when nothing failed; with CI=true a skipped test is a failure as well.
 */
import { parseArgs } from 'node:util';
import { fhirVariable, offerFhirServer } from './fhir-server.ts';
import { findTests, isKind, type Kind, kinds } from './find-tests.ts';
import { hostServers } from './hosted-servers.ts';
import { type KindReport, runTests } from './run-tests.ts';
import { formatAddresses, stackVariable } from './stack-addresses.ts';

const help = `npm test [-- KIND…] [FILES…]: ${kinds.join(', ')}; without a kind, all in this order. FILES are paths or parts of paths.

  --help
With CI=true a skipped test fails the run. Integration tests share one Kafka, registry and Postgres, started here, and one FHIR server,
started when the first test asks for it.
`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const wantedKinds = positionals.filter(isKind);
  const wantedFiles = positionals.filter((one) => !isKind(one));
  const began = performance.now();
  const plan = (wantedKinds.length > 0 ? kinds.filter((kind) => wantedKinds.includes(kind)) : kinds)
    .map((kind) => ({ kind, files: findTests(kind, wantedFiles) }))
    .filter(({ files }) => files.length > 0);
  if (plan.length === 0) {
    console.error('no test file matches');
    return 2;
  }
  const reports = await runPlan(plan);
  return summarise(reports, Math.round((performance.now() - began) / 1000));
}

type Plan = readonly { readonly kind: Kind; readonly files: readonly string[] }[];

async function runPlan(plan: Plan): Promise<readonly KindReport[]> {
  const reports: KindReport[] = [];
  const fhir = await offerFhirServer();
  process.env[fhirVariable] = fhir.url;
  const servers = plan.some(({ kind }) => kind === 'int') ? await startServers() : null;
  try {
    for (const { kind, files } of plan) reports.push(await runTests(kind, files));
  } finally {
    await Promise.all([servers?.stop(), fhir.stop()]);
  }
  return reports;
}

async function startServers() {
  const began = performance.now();
  console.log('starting Kafka, the schema registry and Postgres for the integration tests …');
  const servers = await hostServers();
  process.env[stackVariable] = formatAddresses(servers.addresses);
  console.log(`started in ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
  return servers;
}

function summarise(reports: readonly KindReport[], seconds: number): number {
  const skipped = reports.flatMap((report) => report.skipped);
  console.log('');
  for (const { file, name, why } of skipped) console.log(`skipped: ${file}: ${name}${why ? ` (${why})` : ''}`);
  for (const { file, name } of reports.flatMap((report) => report.failed)) console.log(`failed: ${file}: ${name}`);
  for (const { kind, files, passed, failed, seconds } of reports) {
    console.log(`${kind.padEnd(5)} ${files} files, ${passed} passed, ${failed.length} failed, ${seconds} s`);
  }
  const total = (count: (report: KindReport) => number) => reports.reduce((sum, report) => sum + count(report), 0);
  const failures = total((report) => report.failed.length);
  const refused = process.env['CI'] === 'true' && skipped.length > 0;
  if (refused) console.log('CI=true: skipped tests are failures');
  const verdict = failures > 0 || refused ? 'FAILED' : 'ok';
  console.log(
    `${verdict}: ${total((report) => report.passed)} passed, ${failures} failed, ${skipped.length} skipped in ${seconds} s`,
  );
  return verdict === 'ok' ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
