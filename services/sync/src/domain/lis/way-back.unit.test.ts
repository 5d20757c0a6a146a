/** What we send, read as ingest reads orders: priority, number, patient, specimen and note come back as they were (facts 6.9, 6.13). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OrderEvent, type OrderState, orderIdOf, type Priority } from '@clinstream/contracts';
import { parseMessage } from '@clinstream/runtime/hl7';
import { mapMessage } from '../../../../ingest/src/domain/hl7/map-message.ts';
import { createZone } from '../../../../ingest/src/domain/hl7/time.ts';
import { createModelCatalog } from '../../../../ingest/src/domain/model-catalog.ts';
import { renderOml } from './render-oml.ts';
import { type OrderChange, orderOf, testChannel } from './test-support.ts';

const channel = {
  facility: 'HOSP',
  patientId: { authority: 'HIS', type: 'PI' },
  zone: createZone('Asia/Seoul'),
  urgent: { codes: ['R', 'T'], segment: 'ZPR', field: 1 },
} as const;

function back(change: OrderChange, urgentCode: 'R' | 'T' = 'R', parent: OrderState | null = null): OrderEvent {
  const text = renderOml({
    order: orderOf({ orderId: orderIdOf('HOSP|OCS', 'P1'), ...change }),
    patient: null,
    parent,
    control: 'NW',
    controlId: 'C1',
    fillerNumber: null,
    cancelVersion: null,
    channel: { ...testChannel, urgent: { code: urgentCode, segment: 'ZPR', field: 1 } },
    now: 0,
  });
  const message = parseMessage(text ?? '', () => null);
  const header = {
    sendingApplication: 'CLINSTREAM',
    sendingFacility: 'HOSP',
    time: '20261122130000.000',
    messageType: 'OML',
    event: 'O21',
  };
  const rest = {
    controlId: 'C1',
    processingId: 'P',
    version: '2.5.1',
    acceptAcknowledgement: '',
    applicationAcknowledgement: '',
  } as const;
  const models = createModelCatalog([]);
  const mapped = mapMessage({ header: { ...header, ...rest }, message, messageId: 'm', channel, models, traceparent: '' });
  const [fact] = mapped.orders.flatMap(({ facts }) => facts);
  assert.equal(fact?.topic, 'clinical.orders.v1');
  return fact?.value as OrderEvent;
}

for (const priority of ['routine', 'urgent', 'asap', 'stat'] satisfies Priority[]) {
  for (const code of ['R', 'T'] as const) {
    test(`6.9 ${priority} is ${priority} on the way back, urgent being ${code}`, () => {
      assert.equal(back({ priority }, code).priority, priority);
    });
  }
}

test('an added test comes back as added to its order', () => {
  assert.equal(back({}, 'R', orderOf({ placerNumber: 'P0' })).parentOrderId, orderIdOf('HOSP|OCS', 'P0'));
});

test('number, patient, code, note, specimen and provider come back', () => {
  const specimen = {
    id: 'S1',
    code: { code: 'SER', system: 'HL70487', display: 'Serum' },
    collectedAt: '2026-11-22T13:00+09:00',
  };
  const orderingProvider = { id: 'D7', authority: 'HIS' };
  const event = back({ note: 'one | two\nthree', specimen, orderingProvider });
  assert.equal(event.orderId, orderIdOf('HOSP|OCS', 'P1'));
  assert.deepEqual(
    [event.patientKey, event.code, event.note, event.specimen, event.orderingProvider],
    ['HOSP|HIS|4711', { code: 'GLU', system: 'L', display: 'Glucose' }, 'one | two\nthree', specimen, orderingProvider],
  );
});
