/** The FHIR side's settings, a fragment of the service's configuration. Settings that only make sense together are checked together. */
import {
  bool,
  type Complain,
  type ConfigOf,
  group,
  integer,
  oneOf,
  optional,
  type Secret,
  secret,
  text,
  url,
} from '@clinstream/runtime/config';

export type FhirAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: Secret }
  | { readonly kind: 'bearer'; readonly token: Secret }
  | { readonly kind: 'smart'; readonly clientId: string; readonly privateKeyFile: string; readonly scopes: string };

export type FhirConfig = {
  /** Of the R4 endpoint, without a trailing slash. */
  readonly baseUrl: string;
  readonly auth: FhirAuth;
  /** Of one request, from the first byte sent to the last received. */
  readonly timeoutMs: number;
  /** Patients told about at the same time. */
  readonly concurrency: number;
  readonly requestsPerSecond: number;
  /** Ask `$validate` before sending. */
  readonly validate: boolean;
  readonly writePatient: boolean;
  readonly writeTasks: boolean;
  readonly releaseUnreviewed: boolean;
  /** 0: nothing is read from the server. */
  readonly pollIntervalMs: number;
  /** How far back each poll looks again: longer than the server's longest transaction. */
  readonly pollOverlapMs: number;
  /** What our own identifier, code and extension uris begin with; without a trailing slash. */
  readonly systemBase: string;
  /** JSON with uris of local systems, see render-settings.ts. */
  readonly systemsFile: string | null;
};

const fields = {
  baseUrl: url('FHIR_BASE_URL', { meaning: 'FHIR R4 endpoint written to' }),
  auth: oneOf('FHIR_AUTH', {
    meaning: 'how to log in to the FHIR server',
    values: ['none', 'basic', 'bearer', 'smart'],
    default: 'none',
  }),
  username: optional(text('FHIR_USERNAME', { meaning: 'user for FHIR_AUTH=basic' })),
  password: optional(secret('FHIR_PASSWORD', { meaning: 'password for FHIR_AUTH=basic' })),
  token: optional(secret('FHIR_TOKEN', { meaning: 'token for FHIR_AUTH=bearer' })),
  clientId: optional(text('FHIR_CLIENT_ID', { meaning: 'client id for FHIR_AUTH=smart (SMART Backend Services)' })),
  privateKeyFile: optional(
    text('FHIR_PRIVATE_KEY_FILE', { meaning: 'private key (JWK or PKCS#8 PEM; RSA or EC P-384) for FHIR_AUTH=smart' }),
  ),
  scopes: text('FHIR_SCOPES', { meaning: 'scopes asked for with FHIR_AUTH=smart', default: 'system/*.crus' }),
  timeoutMs: integer('FHIR_TIMEOUT_MS', { meaning: 'longest FHIR request', default: 10_000, min: 100, max: 300_000 }),
  concurrency: integer('FHIR_CONCURRENCY', { meaning: 'patients written at the same time', default: 8, min: 1, max: 256 }),
  requestsPerSecond: integer('FHIR_REQUESTS_PER_SECOND', {
    meaning: 'most transactions per second after an outage',
    default: 200,
    min: 1,
    max: 100_000,
  }),
  validate: bool('FHIR_VALIDATE', { meaning: 'ask the server’s $validate before sending', default: false }),
  writePatient: bool('FHIR_WRITE_PATIENT', {
    meaning: 'create patients the server does not know, identifier only',
    default: true,
  }),
  writeTasks: bool('FHIR_WRITE_TASKS', { meaning: 'mirror the state of AI jobs as Task', default: true }),
  releaseUnreviewed: bool('RELEASE_UNREVIEWED', { meaning: 'write AI results nobody has approved', default: false }),
  pollIntervalMs: integer('FHIR_POLL_INTERVAL_MS', {
    meaning: 'time between looks for orders made in the FHIR server, 0 for never',
    default: 0,
    min: 0,
    max: 3_600_000,
  }),
  pollOverlapMs: integer('FHIR_POLL_OVERLAP_MS', {
    meaning: 'how far back each look reaches again, longer than the server’s longest transaction',
    default: 60_000,
    min: 1_000,
    max: 3_600_000,
  }),
  systemBase: text('FHIR_SYSTEM_BASE', {
    meaning: 'what our own identifier and code system uris begin with',
    expected: 'an absolute uri without a trailing slash',
    default: 'urn:clinstream',
    pattern: /^(https?:\/\/|urn:)\S*[^\s/]$/,
  }),
  systemsFile: optional(
    text('FHIR_SYSTEMS_FILE', { meaning: 'JSON file of uris for local code systems and patient identifiers' }),
  ),
} as const;

type Values = ConfigOf<typeof fields>;

export const fhirConfig = group(fields, (values: Values, complain): FhirConfig => {
  const { auth, username, password, token, clientId, privateKeyFile, scopes, ...rest } = values;
  return { ...rest, auth: authOf({ auth, username, password, token, clientId, privateKeyFile, scopes }, complain) };
});

type AuthValues = Pick<Values, 'auth' | 'username' | 'password' | 'token' | 'clientId' | 'privateKeyFile' | 'scopes'>;

function authOf(values: AuthValues, complain: Complain): FhirAuth {
  const need = <T>(value: T | null, variable: string): T | null => {
    if (value === null) complain(variable, `is not set, but FHIR_AUTH is ${values.auth}`);
    return value;
  };
  switch (values.auth) {
    case 'none':
      return { kind: 'none' };
    case 'basic': {
      const username = need(values.username, 'FHIR_USERNAME');
      const password = need(values.password, 'FHIR_PASSWORD');
      return username === null || password === null ? { kind: 'none' } : { kind: 'basic', username, password };
    }
    case 'bearer': {
      const token = need(values.token, 'FHIR_TOKEN');
      return token === null ? { kind: 'none' } : { kind: 'bearer', token };
    }
    case 'smart': {
      const clientId = need(values.clientId, 'FHIR_CLIENT_ID');
      const privateKeyFile = need(values.privateKeyFile, 'FHIR_PRIVATE_KEY_FILE');
      if (clientId === null || privateKeyFile === null) return { kind: 'none' };
      return { kind: 'smart', clientId, privateKeyFile, scopes: values.scopes };
    }
  }
}
