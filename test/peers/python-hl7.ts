/** PyPI `hl7` and `hl7apy` as laboratory systems; what each does stands in hl7_receiver.py. They listen on loopback and end with this process. */
import { fileURLToPath } from 'node:url';
import { freePort, waitFor } from '@clinstream/testkit';
import { startPeerProcess } from './peer-process.ts';
import type { Peer } from './python.ts';

export type PythonRecord = {
  readonly kind: 'received' | 'rejected';
  readonly controlId: string;
  readonly text: string;
  readonly answer: string;
  readonly why: string;
};

export type PythonReceiver = {
  readonly port: number;
  readonly records: readonly PythonRecord[];
  /** Resolves once it holds that many records. */
  whenRecords(count: number, deadlineMs?: number): Promise<readonly PythonRecord[]>;
  stop(): Promise<void>;
};

/** `peer` is what `pythonPeer()` answered; whoever calls skips when it is missing. */
export async function startPythonHl7Receiver(peer: Peer, library: 'hl7' | 'hl7apy', port?: number): Promise<PythonReceiver> {
  if (peer.command === null) throw new Error(peer.missing);
  const script = fileURLToPath(new URL('hl7_receiver.py', import.meta.url));
  const listenOn = port ?? (await freePort());
  const records: PythonRecord[] = [];
  const child = startPeerProcess(peer.command, [script, library, String(listenOn)], (line) => {
    const { controlId = '', text = '', answer = '', why = '' } = line;
    records.push({ kind: line.kind === 'received' ? 'received' : 'rejected', controlId, text, answer, why });
  });
  await child.whenListening();
  return {
    port: listenOn,
    records,
    whenRecords: async (count, deadlineMs = 20_000) => {
      await waitFor(() => records.length >= count, {
        deadlineMs,
        what: `${library} has ${count} messages, not ${records.length}`,
      });
      return records;
    },
    stop: child.stop,
  };
}
