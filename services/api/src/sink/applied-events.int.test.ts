/** A fact published again under a newer source version (a resend with MSH-7 renewed) takes effect once and undoes nothing. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { topics } from '@clinstream/contracts';
import { at, cluster, observed, ordered, type Placed, registered, today } from '../../test/events.ts';
import { type SinkUnderTest, sinkUnderTest, wholeLog } from '../../test/sink-under-test.ts';
import { forgetEvents } from './sql/forget-events.ts';
import { resetProjection } from './sql/reset-projection.ts';

let under: SinkUnderTest;
before(async () => {
  under = await sinkUnderTest();
});
after(() => under.end());
beforeEach(async () => {
  await resetProjection(under.postgres);
  await under.sink.startAt(cluster, wholeLog());
});

const sent = (eventId: string, placed: Placed): Placed => ({ ...placed, eventId });
const blood = (numeric: number) => ({ numeric, comparator: null, text: null, unit: 'g/L' });

/** Each: first sending, what came after it, the first sending once more with a newer time; and what must then be shown. */
const cases: readonly { readonly name: string; readonly log: readonly Placed[]; readonly shown: string }[] = [
  {
    name: 'a corrected result',
    log: [
      sent('e-1', at(topics.observations, 0, observed('o', { value: blood(128), sourceVersion: today + 1 }))),
      sent('e-2', at(topics.observations, 1, observed('o', { value: blood(98), status: 'corrected', sourceVersion: today + 2 }))),
      sent('e-1', at(topics.observations, 2, observed('o', { value: blood(128), sourceVersion: today + 3 }))),
    ],
    shown: 'corrected 98',
  },
  {
    name: 'an amended order, its placement sent again',
    log: [
      sent('e-1', at(topics.orders, 0, ordered('p', { sourceVersion: today + 1 }))),
      sent(
        'e-2',
        at(topics.orders, 1, ordered('p', { type: 'OrderAmended', note: 'new', contentDigest: 'd-2', sourceVersion: today + 2 })),
      ),
      sent('e-1', at(topics.orders, 2, ordered('p', { sourceVersion: today + 3 }))),
    ],
    shown: 'active new false',
  },
  {
    name: 'an order amended twice, the first amendment sent again',
    log: [
      sent('e-1', at(topics.orders, 0, ordered('p', { sourceVersion: today + 1 }))),
      sent(
        'e-2',
        at(topics.orders, 1, ordered('p', { type: 'OrderAmended', note: 'old', contentDigest: 'd-2', sourceVersion: today + 2 })),
      ),
      sent(
        'e-3',
        at(topics.orders, 2, ordered('p', { type: 'OrderAmended', note: 'new', contentDigest: 'd-3', sourceVersion: today + 3 })),
      ),
      sent(
        'e-2',
        at(topics.orders, 3, ordered('p', { type: 'OrderAmended', note: 'old', contentDigest: 'd-2', sourceVersion: today + 4 })),
      ),
    ],
    shown: 'active new false',
  },
  {
    name: 'newer demographics',
    log: [
      sent('e-1', at(topics.patients, 0, registered('k', { sourceVersion: today + 1 }))),
      sent(
        'e-2',
        at(
          topics.patients,
          1,
          registered('k', {
            demographics: { familyName: 'Lee', givenName: null, birthDate: null, sex: null },
            sourceVersion: today + 2,
          }),
        ),
      ),
      sent('e-1', at(topics.patients, 2, registered('k', { sourceVersion: today + 3 }))),
    ],
    shown: 'Lee',
  },
];

const shown = async (): Promise<string> => {
  const rows = await under.rows(`SELECT status || ' ' || value_numeric AS line FROM api.observations
    UNION ALL SELECT status || ' ' || note || ' ' || conflicting FROM api.orders UNION ALL SELECT family_name FROM api.patients`);
  return rows.map(({ line }) => line).join('\n');
};

for (const one of cases) {
  test(`${one.name}: sent again with a newer time in a later flush`, async () => {
    for (const placed of one.log) await under.feed(placed);
    assert.equal(await shown(), one.shown);
    const counted = await under.telemetry.registry.metrics();
    assert.match(counted, /clinstream_sink_skipped_events_total\{kind="\w+"\} [1-9]/);
  });

  test(`${one.name}: sent again with a newer time within one flush`, async () => {
    await under.feed(...one.log);
    assert.equal(await shown(), one.shown);
  });

  test(`${one.name}: a projection built again from the log shows the same`, async () => {
    for (const placed of one.log) await under.feed(placed);
    await resetProjection(under.postgres);
    const rebuilt = under.another();
    await rebuilt.startAt(cluster, wholeLog());
    await under.sink.startAt(cluster, wholeLog());
    await under.feed(...one.log);
    assert.equal(await shown(), one.shown);
  });
}

test('a flush that is rolled back claims nothing: done again, its events take effect', async () => {
  const zombie = under.another();
  await zombie.startAt(cluster, wholeLog());
  await under.postgres.query(`UPDATE api.sink_offset SET next_offset = 1 WHERE topic = $1 AND partition = 0`, [
    topics.observations,
  ]);
  // Offset 0 is behind the projection: on trust it is tried, found out, and only offset 1 takes effect.
  await under.feed(
    sent('e-1', at(topics.observations, 0, observed('o', { value: blood(1), sourceVersion: today + 9 }))),
    sent('e-2', at(topics.observations, 1, observed('o', { value: blood(2), sourceVersion: today + 1 }))),
  );
  assert.equal(await shown(), 'final 2');
  assert.deepEqual(await under.rows('SELECT event_id FROM api.applied_events'), [{ event_id: 'e-2' }]);
});

test('events older than asked for are forgotten, the others kept', async () => {
  await under.feed({ ...sent('old', at(topics.orders, 0, ordered('p'))), timestamp: today - 10 });
  await under.feed({ ...sent('new', at(topics.orders, 1, ordered('q'))), timestamp: today });
  assert.equal(await forgetEvents(under.postgres, today), 1);
  assert.deepEqual(await under.rows('SELECT event_id FROM api.applied_events'), [{ event_id: 'new' }]);
});
