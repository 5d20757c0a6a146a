/** One free loopback port. */
export {
  freePorts,
  freePorts as freePort,
  type ServiceName,
  type ServiceProcess,
  type WaitOptions,
  waitFor,
} from '@clinstream/local';
export { makeCertificate, opensslMissing } from './certificates.ts';
export { type Fault, type FaultProxy, startFaultProxy } from './fault-proxy.ts';
export { startFhirServer, testFhirServer } from './fhir-server.ts';
export { watchLeaks } from './leaks.ts';
export { type StartServiceOptions, type SystemOptions, type TestSystem, testSystem } from './start-service.ts';
export {
  type FreshDatabase,
  type FreshTopicOptions,
  isolatedStack,
  type TestStack,
  testStack,
  uniqueName,
} from './test-stack.ts';
