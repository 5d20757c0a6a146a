import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runtimeError } from '../errors/classify.ts';
import type { OutgoingRecord } from '../producer/types.ts';
import { createSilentTelemetry } from '../telemetry/telemetry.ts';
import { createOutcomes } from './outcomes.ts';
import { parkRecord } from './parking.ts';

test('a copy that the dead-letter topic does not take holds its record: nothing is parked without its bytes', async () => {
  const telemetry = createSilentTelemetry();
  const sent: OutgoingRecord[] = [];
  const publishRecord = async (record: OutgoingRecord) => {
    sent.push(record);
    if (sent.length < 3) throw runtimeError('RECORD_TOO_LARGE', 'publish');
    return { topic: record.topic, partition: 0, offset: 0 };
  };
  const deps = {
    group: 'g',
    producer: { publishRecord },
    now: () => 1,
    log: telemetry.log,
    outcomes: createOutcomes(telemetry, 'g', []),
  };
  const record = { topic: 't', partition: 0, offset: 7, key: null, value: Buffer.from('large'), headers: {}, timestamp: 1 };
  const park = () => parkRecord(deps, record, runtimeError('AVRO_UNREADABLE', 'decode'), 1);
  const tooSmall = { code: 'DEAD_LETTER_TOO_SMALL', kind: 'retryable', scope: 'dependency' };
  await assert.rejects(park(), tooSmall);
  await assert.rejects(park(), tooSmall);
  await park();
  assert.deepEqual(
    sent.map(({ value }) => String(value)),
    ['large', 'large', 'large'],
  );
});
