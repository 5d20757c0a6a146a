// The container's health check: `node infra/ready.mjs PORT` ends with 0 when the service on this machine says it is ready.
const response = await fetch(`http://127.0.0.1:${process.argv[2]}/ready`, { signal: AbortSignal.timeout(3000) }).catch(
  () => null,
);
process.exitCode = response?.ok ? 0 : 1;
