/**
 * A registration desk of the load: one patient whose record is told again and again (A04, then A08 and A31 in turn), and into whom every
 * so often another record, registered first, is merged (A40). One message after the other, each later by its own time than the one before.
 */
import { openMllp } from './doors.ts';
import type { LoadOptions, Sender } from './load.ts';
import { type Hl7Text, mergeMessage, patientKeyFor, personMessage } from './payloads.ts';

export type AdtSenderOptions = Pick<LoadOptions, 'run' | 'ledger' | 'http' | 'mllpPort' | 'tries'> & {
  readonly index: number;
  readonly pauseMs: number;
  /** Until acknowledged, refused for good, or the tries are over. */
  readonly insist: (tries: number, send: () => Promise<string>) => Promise<void>;
};

/** So many updates between two merges. */
const updatesPerMerge = 6;

export function createAdtSender({ run, index, pauseMs, ledger, http, mllpPort, tries = 8, insist }: AdtSenderOptions): Sender {
  const patientId = `${run}-a${index}`;
  const line = openMllp(mllpPort, http.timeoutMs);
  const sent = { door: 'mllp', acknowledgedAt: null } as const;
  let lastTime = 0;
  let messages = 0;
  let version = 0;
  let merges = 0;
  const nextText = (about: string): Hl7Text => {
    lastTime = Math.max(lastTime + 1, Date.now());
    return {
      controlId: `${patientId}-${++messages}`,
      patientId: about,
      time: new Date(lastTime),
      isEnhanced: index % 2 === 0,
    };
  };
  const deliver = (message: Buffer, acknowledged: () => void): Promise<void> =>
    insist(tries, async () => {
      const sentAt = ledger.now();
      const answer = await line.send(message);
      ledger.answered({ door: 'mllp', answer, sentAt });
      if (answer === 'ack') acknowledged();
      return answer;
    });
  const tell = async (event: 'A04' | 'A08' | 'A31', about: string, next: number): Promise<void> => {
    const patientKey = patientKeyFor(about);
    ledger.sendPerson({ ...sent, patientKey, familyName: about, version: next, firstSentAt: ledger.now() });
    const message = personMessage(event, { ...nextText(about), familyName: about, version: next });
    await deliver(message, () => ledger.acknowledgePerson(patientKey, next));
  };
  const merge = async (retiredId: string): Promise<void> => {
    await tell('A04', retiredId, 1);
    const patientKey = patientKeyFor(retiredId);
    ledger.sendMerge({ ...sent, patientKey, survivorKey: patientKeyFor(patientId), firstSentAt: ledger.now() });
    await deliver(mergeMessage({ ...nextText(patientId), retiredId }), () => ledger.acknowledgeMerge(patientKey));
  };
  return {
    patients: [patientKeyFor(patientId)],
    pauseMs,
    close: line.close,
    async sendNext() {
      version++;
      await tell(version === 1 ? 'A04' : version % 2 === 0 ? 'A08' : 'A31', patientId, version);
      if (version % updatesPerMerge === 0) await merge(`${patientId}x${++merges}`);
    },
  };
}
