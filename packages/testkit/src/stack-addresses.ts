/** Where a test run's shared servers are, and how test processes are told: one environment variable, set by the runner. */
export type StackAddresses = {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  /** Database the embedded registry lives in. Tests take `freshDatabase()`. */
  readonly databaseUrl: string;
  /** Scratch folder, removed at the end of the run. */
  readonly dir: string;
};

export const stackVariable = 'CLINSTREAM_TEST_STACK';

export const formatAddresses = (addresses: StackAddresses): string => JSON.stringify(addresses);

/** Null when no shared servers were announced. */
export function readAddresses(env: Readonly<Record<string, string | undefined>>): StackAddresses | null {
  const text = env[stackVariable];
  return text ? (JSON.parse(text) as StackAddresses) : null;
}
