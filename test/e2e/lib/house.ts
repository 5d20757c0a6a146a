/** A whole system of real processes on servers of its own, and its public doors as a client sees them. One per test file. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { ServiceName, ServiceProcess } from '@clinstream/local';
import {
  type FreshDatabase,
  freePort,
  isolatedStack,
  type StartServiceOptions,
  type TestStack,
  type TestSystem,
  testSystem,
  waitFor,
} from '@clinstream/testkit';
import { exchange } from './mllp.ts';

export type Answer = { readonly status: number; readonly headers: Headers; readonly text: string };
export type AskOptions = {
  readonly method?: string;
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | object;
};

export type House = {
  readonly stack: TestStack;
  readonly database: FreshDatabase;
  readonly system: TestSystem;
  /** The process of this name that was started last. */
  service(name: ServiceName): ServiceProcess;
  start(name: ServiceName, options?: StartServiceOptions): Promise<ServiceProcess>;
  /** Of the door that writes; as a doctor, unless told otherwise. A body makes it a POST. */
  ingest(path: string, options?: AskOptions): Promise<Answer>;
  /** Of the door that reads. */
  api(path: string, options?: AskOptions): Promise<Answer>;
  /** Sends one HL7 message on a connection of its own; its answers. */
  hl7(message: Buffer | string): Promise<readonly string[]>;
  metrics(name: ServiceName): Promise<string>;
  /** Ends everything; `before` the servers go, whatever else holds them. */
  close(before?: () => Promise<void>): Promise<void>;
};

export const everyService: readonly ServiceName[] = ['ingest', 'inference', 'api'];

/** Everything is ready when it resolves. */
export async function openHouse(env: Readonly<Record<string, string>> = {}): Promise<House> {
  const house = await prepareHouse(async () => env);
  await Promise.all(everyService.map((name) => house.start(name)));
  return house;
}

/** Servers only, and the services' environment as `envOf` makes it of them; the services are still to be started. */
export async function prepareHouse(
  envOf: (servers: Pick<House, 'stack' | 'database'>) => Promise<Readonly<Record<string, string>>>,
): Promise<House> {
  const stack = await isolatedStack();
  const database = await stack.freshDatabase();
  const system = await testSystem({ stack, database, env: await envOf({ stack, database }) });
  return houseOf({ stack, database, system });
}

async function houseOf({ stack, database, system }: Pick<House, 'stack' | 'database' | 'system'>): Promise<House> {
  const doctor = await system.token({ roles: ['doctor'], client: 'e2e' });
  const services = new Map<ServiceName, ServiceProcess>();
  const service = (name: ServiceName): ServiceProcess => {
    const found = services.get(name);
    assert.ok(found, `${name} was started`);
    return found;
  };
  return {
    stack,
    database,
    system,
    service,
    start: async (name, options = {}) => {
      const started = await system.startService(name, { deadlineMs: 60_000, ...options });
      services.set(name, started);
      return started;
    },
    ingest: (path, options) => ask(system.ingestUrl + path, doctor, options),
    api: (path, options) => ask(system.apiUrl + path, doctor, options),
    hl7: (message) => exchange(system.ports.mllp, message),
    metrics: async (name) => (await fetch(`${service(name).opsUrl}/metrics`)).text(),
    close: async (before) => {
      const running = [...services.values()].filter((one) => one.isRunning());
      const exits = await Promise.all(running.map(async (one) => `${one.name} ${(await one.stop()).code}`));
      await system.stop();
      await before?.();
      await stack.stop();
      assert.deepEqual(
        exits,
        running.map((one) => `${one.name} 0`),
        'every service asked to stop ends clean',
      );
    },
  };
}

async function ask(url: string, doctor: string, options: AskOptions = {}): Promise<Answer> {
  const { method = options.body === undefined ? 'GET' : 'POST', token = doctor, headers = {}, body } = options;
  const response = await fetch(url, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** The answer's body; fails when the status is another one. */
export function bodyOf<T>(answer: Answer, status: number): T {
  assert.equal(answer.status, status, answer.text);
  return JSON.parse(answer.text) as T;
}

/** The process inference's models run in: not the one that answers operators. */
export function workerPid(house: House): number {
  const { pid } = house.service('inference');
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  const worker = children.find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('worker.ts'));
  assert.ok(worker, 'there is a model worker');
  return Number(worker);
}

/** A second process of a service that needs no door but its operator port. */
export const secondInstance = async (): Promise<StartServiceOptions> => ({ env: { OPS_PORT: String(await freePort()) } });

/** Sum of a metric's samples whose labels hold all of `labels`, such as `outcome="parked"`; 0 when there is none. */
export function metricIn(text: string, name: string, ...labels: readonly string[]): number {
  const samples = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return samples
    .filter((line) => labels.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

export const until = <T>(condition: () => T | Promise<T>, what: string, deadlineMs = 60_000) =>
  waitFor(condition, { deadlineMs, what, everyMs: 100 });
