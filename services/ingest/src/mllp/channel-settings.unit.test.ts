import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChannels } from './channel-settings.ts';
import { channelJson, testChannel } from './test-support.ts';

const problemsOf = (file: unknown): readonly string[] => {
  const read = parseChannels(typeof file === 'string' ? file : JSON.stringify(file));
  return read.ok ? [] : read.problems;
};

test('what a channel leaves out has its default', () => {
  const channel = testChannel({ defaultCharset: undefined, urgent: undefined, port: undefined });
  assert.deepEqual(
    { port: channel.port, charset: channel.defaultCharset, zone: channel.rules.zone.name, accepted: channel.processingIds },
    { port: null, charset: 'ASCII', zone: 'Asia/Seoul', accepted: ['P'] },
  );
  assert.deepEqual([channel.whenUnconfirmed, channel.orderAnswers, channel.tolerateMissingCr], ['answer', 'response', true]);
  assert.deepEqual(channel.rules.urgent.codes, []);
});

test('all problems at once, each with its place', () => {
  const problems = problemsOf({
    channels: [
      {
        ...channelJson,
        name: 'No Spaces',
        zone: 'Asia/Nowhere',
        senders: [],
        port: 70_000,
        whenUnconfirmed: 'maybe',
        colour: 'red',
      },
      {
        ...channelJson,
        patientId: { authority: '', type: 'NI' },
        limits: { maxConnections: 0 },
        processingIds: ['X'],
        tls: { certFile: 'a' },
      },
      'no channel',
    ],
    more: 1,
  });
  for (const place of [
    '/channels/0/name',
    '/channels/0/zone',
    '/channels/0/senders',
    '/channels/0/port',
    '/channels/0/whenUnconfirmed',
    '/channels/0/colour',
    '/channels/1/patientId/authority',
    '/channels/1/patientId/type',
    '/channels/1/limits/maxConnections',
    '/channels/1/processingIds',
    '/channels/1/tls/keyFile',
    '/channels/2',
    '/more',
  ]) {
    assert.ok(
      problems.some((problem) => problem.startsWith(`${place}:`)),
      `${place} is named in ${problems.join('\n')}`,
    );
  }
});

test('6.3 a national identifier can never be configured as the patient key', () => {
  for (const type of ['NI', 'NNKOR', 'SS']) {
    assert.equal(problemsOf({ channels: [{ ...channelJson, patientId: { authority: 'A', type } }] }).length, 1);
  }
});

test('names and ports are unique; two channels cannot both take MLLP_PORT', () => {
  const one = { ...channelJson, port: 2575 };
  assert.equal(problemsOf({ channels: [one, { ...one, port: 2576 }] }).length, 1);
  assert.equal(problemsOf({ channels: [one, { ...one, name: 'other' }] }).length, 1);
  assert.equal(
    problemsOf({
      channels: [
        { ...one, port: null },
        { ...one, name: 'other', port: null },
      ],
    }).length,
    1,
  );
  assert.deepEqual(problemsOf({ channels: [one, { ...one, name: 'other', port: 2576 }] }), []);
});

test('a file that is no JSON, or empty, says so', () => {
  assert.deepEqual(problemsOf('{'), ['the channel file is not JSON']);
  assert.ok(problemsOf({ channels: [] }).length > 0);
});
