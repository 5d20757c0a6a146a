import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSilentTelemetry } from '../telemetry/telemetry.ts';
import type { Component, Readiness } from './component.ts';
import { createService } from './service.ts';

function setUp(shutdownTimeoutMs = 5_000) {
  const telemetry = createSilentTelemetry();
  const events: string[] = [];
  const component = (name: string, overrides: Partial<Component> = {}): Component => ({
    name,
    start: async () => void events.push(`start ${name}`),
    stop: async () => void events.push(`stop ${name}`),
    readiness: () => ({ ready: true }),
    ...overrides,
  });
  return { telemetry, events, component, service: createService({ telemetry, shutdownTimeoutMs }) };
}
const never = () => new Promise<void>(() => {});

test('starts in order, stops last in first out, ends clean', async () => {
  const { service, events, component } = setUp();
  await service.start([component('a'), component('b')]);
  assert.equal(service.health().state, 'running');
  await Promise.all([service.stop('test'), service.stop('again')]);
  assert.deepEqual(events, ['start a', 'start b', 'stop b', 'stop a']);
  assert.equal(await service.done, null);
  assert.equal(service.health().state, 'stopped');
});

test('every source is quiet before the first component drains; one that fails at it is stopped all the same', async () => {
  const { service, events, component } = setUp();
  const source = (name: string) => component(name, { quiesce: () => void events.push(`quiesce ${name}`) });
  const broken = component('broken', {
    quiesce: () => {
      throw new Error('cannot');
    },
  });
  await service.start([component('producer'), source('stat'), broken, source('routine')]);
  events.length = 0;
  await service.stop('test');
  assert.deepEqual(events, ['quiesce routine', 'quiesce stat', 'stop routine', 'stop broken', 'stop stat', 'stop producer']);
  assert.equal((await service.done)?.message, 'cannot');
});

test('a component that cannot start stops those before it and fails the service', async () => {
  const { service, events, component } = setUp();
  const broken = component('b', { start: () => Promise.reject(new Error('no')) });
  await service.start([component('a'), broken, component('c')]);
  assert.equal((await service.done)?.message, 'no');
  assert.deepEqual(events, ['start a', 'stop b', 'stop a']);
  assert.equal(service.health().state, 'failed');
});

test('one that throws while stopping does not keep the others from stopping, but is not clean', async () => {
  const { service, events, component } = setUp();
  const throwing = component('b', {
    stop: () => {
      throw new Error('sync throw');
    },
  });
  await service.start([component('a'), throwing, component('c')]);
  await service.stop('test');
  assert.deepEqual(events.slice(3), ['stop c', 'stop a']);
  assert.equal((await service.done)?.message, 'sync throw');
});

test('one that hangs is left behind after the budget and the rest still stop', async () => {
  const { service, events, component } = setUp(40);
  await service.start([component('a'), component('hangs', { stop: never })]);
  await service.stop('test');
  assert.ok(events.includes('stop a'));
  assert.match((await service.done)?.message ?? '', /hangs did not stop/);
});

test('the deadline signal aborts before the budget ends, so that a component can still finish', async () => {
  const { service, component } = setUp(200);
  const obedient = component('a', {
    stop: (deadline) => new Promise((resolve) => deadline.addEventListener('abort', () => resolve(), { once: true })),
  });
  await service.start([obedient]);
  await service.stop('test');
  assert.equal(await service.done, null);
});

test('a fatal error drains and fails; only the first counts', async () => {
  const { service, events, component } = setUp();
  await service.start([component('a')]);
  service.fatal(new Error('first'));
  service.fatal(new Error('second'));
  assert.equal((await service.done)?.message, 'first');
  assert.deepEqual(events, ['start a', 'stop a']);
});

test('a stop while a component is still starting stops it too and starts nothing more', async () => {
  const { service, events, component } = setUp();
  const gate = Promise.withResolvers<void>();
  const starting = service.start([component('a'), component('slow', { start: () => gate.promise }), component('c')]);
  await Promise.resolve();
  await service.stop('test');
  gate.resolve();
  await starting;
  assert.deepEqual(events, ['start a', 'stop slow', 'stop a']);
  assert.equal(service.health().state, 'stopped');
});

test('ready only while running and every component is ready; a throwing readiness is not ready', async () => {
  const { service, component, telemetry } = setUp();
  let readiness: () => Readiness = () => ({ ready: false, why: 'kafka away' });
  const starting = service.start([component('a'), component('b', { readiness: () => readiness() })]);
  assert.equal(service.health().ready, false);
  await starting;
  assert.deepEqual(service.health().components[1], { name: 'b', ready: false, why: 'kafka away' });
  readiness = () => {
    throw new Error('x');
  };
  assert.equal(service.health().ready, false);
  readiness = () => ({ ready: true });
  assert.equal(service.health().ready, true);
  assert.match(await telemetry.registry.metrics(), /^clinstream_service_state\{state="running"\} 1$/m);
  await service.stop('test');
  assert.equal(service.health().ready, false);
});
