/**
 * The only place that touches the process: environment, arguments, signals, exit. A service's main.ts calls it and nothing else.
 *
 * First SIGTERM or SIGINT drains; a second one exits 1 at once. An uncaught exception or unhandled rejection is fatal: drain, exit 1.
 * Exit codes: 0 asked to stop and all clean · 1 anything else · 2 the configuration is wrong (all problems on stderr).
 * A watchdog that holds nothing open itself ends with 1 a process that something keeps alive after its end.
 */
import { ConfigError, type ConfigParser, type Env, type OpsConfig } from '../config/index.ts';
import { createTelemetry, type Telemetry } from '../telemetry/telemetry.ts';
import type { Component, OnFatal } from './component.ts';
import { createOpsServer } from './ops-server.ts';
import { logReadiness } from './readiness-log.ts';
import { createService, type Service } from './service.ts';

export type AppDeps = {
  readonly telemetry: Telemetry;
  readonly onFatal: OnFatal;
  /** Publishes a JSON document on the operator's door under this path, at once. Absent where there is no such door. */
  readonly publishOnOps?: (path: string, document: () => object) => void;
};
export type MainOptions<C extends { readonly ops: OpsConfig }> = {
  readonly name: string;
  /** Made with `defineConfig`, it also answers `--help`. */
  readonly parseConfig: ((env: Env) => C) & { readonly help?: ConfigParser<C>['help'] };
  /** Wires everything and connects nothing; the components are started in the order given, after the ops server. */
  readonly createApp: (config: C, deps: AppDeps) => readonly Component[] | Promise<readonly Component[]>;
};

/** Resolves when the service has ended; the process then ends by itself or by the watchdog. */
export async function runMain<C extends { readonly ops: OpsConfig }>(options: MainOptions<C>): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(`${options.name}: settings, read from the environment\n\n${options.parseConfig.help?.() ?? ''}\n`);
    return;
  }
  const config = readOrExplain(options);
  if (config === null) return;
  const telemetry = createTelemetry({ name: options.name, level: config.ops.logLevel });
  const service = createService({ telemetry, shutdownTimeoutMs: config.ops.shutdownTimeoutMs });
  listenToProcess(service, telemetry, config.ops.shutdownTimeoutMs);
  const readinessLog = logReadiness(telemetry.log, service.health);
  await startAll(options, config, telemetry, service);
  const failure = await service.done;
  readinessLog.stop();
  process.exitCode = failure === null ? 0 : 1;
  armWatchdog(telemetry, 2_000);
}

function readOrExplain<C extends { readonly ops: OpsConfig }>(options: MainOptions<C>): C | null {
  try {
    return options.parseConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${options.name}: ${error.message}\n(--help lists every setting)\n`);
    process.exitCode = 2;
    return null;
  }
}

async function startAll<C extends { readonly ops: OpsConfig }>(
  options: MainOptions<C>,
  config: C,
  telemetry: Telemetry,
  service: Service,
): Promise<void> {
  const { host, port } = config.ops;
  const documents = new Map<string, () => object>();
  const ops = createOpsServer({ host, port, registry: telemetry.registry, health: service.health, documents });
  const publishOnOps = (path: string, document: () => object) => void documents.set(path, document);
  try {
    const components = await options.createApp(config, { telemetry, onFatal: service.fatal, publishOnOps });
    await service.start([ops, ...components]);
  } catch (error) {
    service.fatal(error instanceof Error ? error : new Error('createApp threw something that is no Error'));
  }
}

function listenToProcess(service: Service, telemetry: Telemetry, shutdownTimeoutMs: number): void {
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    signals++;
    if (signals > 1) {
      telemetry.log.error({ signal }, 'second signal, leaving at once');
      process.exit(1);
    }
    armWatchdog(telemetry, shutdownTimeoutMs + 2_000);
    void service.stop(signal);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  const onUncaught = (error: unknown): void => {
    armWatchdog(telemetry, shutdownTimeoutMs + 2_000);
    service.fatal(error instanceof Error ? error : new Error('something that is no Error was thrown'));
  };
  process.on('uncaughtException', onUncaught);
  process.on('unhandledRejection', onUncaught);
}

function armWatchdog(telemetry: Telemetry, afterMs: number): void {
  const timer = setTimeout(() => {
    telemetry.log.error(
      { resources: process.getActiveResourcesInfo() },
      'something keeps the process alive after its end, leaving',
    );
    process.exit(1);
  }, afterMs);
  timer.unref();
}
