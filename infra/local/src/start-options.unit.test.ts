import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultDataDir, parseStartOptions, servicesOf } from './start-options.ts';

const read = (...args: string[]) => {
  const options = parseStartOptions(args);
  assert.notEqual(options, 'help');
  return options as Exclude<typeof options, 'help'>;
};

test('every port moves by the offset, and a copy beside the first gets a folder of its own', () => {
  const [plain, moved] = [read(), read('--port-offset', '100')];
  assert.deepEqual(
    [plain.ports.ingestHttp, plain.ports.apiHttp, plain.ports.mllp, plain.ports.ops.api],
    [8080, 8081, 2575, 9103],
  );
  assert.deepEqual([plain.ports.kafka, plain.ports.registry, plain.ports.postgres], [19_092, 18_081, 15_432]);
  assert.deepEqual([moved.ports.ingestHttp, moved.ports.kafka, moved.ports.ops.inference], [8180, 19_192, 9202]);
  assert.notEqual(plain.dataDir, moved.dataDir);
  assert.equal(moved.dataDir, defaultDataDir(100));
});

test('parts are left out by name', () => {
  assert.deepEqual([...read('--without', 'day', '--without', 'api').without], ['day', 'api']);
  assert.deepEqual(servicesOf(read('--without', 'fhir')), ['ingest', 'inference', 'api', 'sync-lis']);
});

test('what is not understood is refused with a text for people', () => {
  assert.throws(() => parseStartOptions(['--port-offset', 'x']), /whole number/);
  assert.throws(() => parseStartOptions(['--without', 'kafka']), /not one of/);
  assert.throws(() => parseStartOptions(['--frehs']), /frehs/);
  assert.equal(parseStartOptions(['--help']), 'help');
});
