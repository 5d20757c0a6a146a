import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics, createMetricsRegistry, defineMetrics } from './index.ts';

const definitions = defineMetrics({
  records: { kind: 'counter', name: 'clinstream_records_total', help: 'Records.', labels: ['topic'] },
  depth: { kind: 'gauge', name: 'clinstream_depth', help: 'Depth.' },
  wait: { kind: 'histogram', name: 'clinstream_wait_seconds', help: 'Wait.', labels: ['lane'], buckets: [0.1, 1] },
});

const setUp = () => {
  const registry = createMetricsRegistry({ processMetrics: false });
  return { registry, metrics: createMetrics(registry, definitions) };
};

test('counters, gauges and histograms print as Prometheus text', async () => {
  const { registry, metrics } = setUp();
  metrics.records.labels({ topic: 'a' }).inc();
  metrics.records.labels({ topic: 'a' }).inc(4);
  metrics.depth.set(7);
  for (const value of [0.1, 0.5, 5]) metrics.wait.labels({ lane: 'stat' }).observe(value);
  const text = await registry.metrics();
  for (const line of [
    'clinstream_records_total{topic="a"} 5',
    'clinstream_depth 7',
    'clinstream_wait_seconds_bucket{le="0.1",lane="stat"} 1',
    'clinstream_wait_seconds_bucket{le="1",lane="stat"} 2',
    'clinstream_wait_seconds_bucket{le="+Inf",lane="stat"} 3',
    'clinstream_wait_seconds_count{lane="stat"} 3',
  ])
    assert.ok(text.split('\n').includes(line), `${line}\nnot in\n${text}`);
});

test('the same definitions on one registry are the same instruments', async () => {
  const { registry, metrics } = setUp();
  createMetrics(registry, definitions).depth.inc(2);
  metrics.depth.inc(1);
  assert.match(await registry.metrics(), /^clinstream_depth 3$/m);
});

test('a removed series is no longer reported, and a gauge may be filled at scrape time', async () => {
  const { registry, metrics } = setUp();
  metrics.records.labels({ topic: 'gone' }).inc();
  metrics.records.remove({ topic: 'gone' });
  metrics.depth.onCollect(() => metrics.depth.set(42));
  const text = await registry.metrics();
  assert.ok(!text.includes('gone'));
  assert.match(text, /^clinstream_depth 42$/m);
});

test('label values that could be confused when joined stay apart', async () => {
  const registry = createMetricsRegistry({ processMetrics: false });
  const { pairs } = createMetrics(registry, {
    pairs: { kind: 'counter', name: 'pairs_total', help: 'x', labels: ['a', 'b'] },
  } as const);
  pairs.labels({ a: 'x', b: 'yz' }).inc();
  pairs.labels({ a: 'xy', b: 'z' }).inc();
  assert.equal((await registry.metrics()).match(/^pairs_total\{.*\} 1$/gm)?.length, 2);
});

test('process metrics are there by default', async () => {
  const text = await createMetricsRegistry().metrics();
  for (const name of ['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes', 'process_cpu_seconds_total'])
    assert.ok(text.includes(name), name);
});
