export * from './component.ts';
export * from './metrics.ts';
export * from './ops-server.ts';
export * from './readiness-log.ts';
export * from './run-main.ts';
export * from './service.ts';
