/** A peer that speaks in JSON lines on its standard output and ends when its standard input does, so that it never outlives who started it. */
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { waitFor } from '@clinstream/testkit';

export type PeerLine = { readonly kind: string } & Readonly<Record<string, string>>;
export type PeerProcess = {
  write(text: string): void;
  /** The end of what it wrote to its standard error. */
  errors(): string;
  /** Resolves once it says `listening`. */
  whenListening(): Promise<void>;
  /** Ends its input and waits for its own end. */
  finish(): Promise<void>;
  /** The same, with SIGKILL after five seconds: a connection that still talks would let it wait. */
  stop(): Promise<void>;
};

export function startPeerProcess(command: string, args: readonly string[], onLine: (line: PeerLine) => void): PeerProcess {
  // HAPI's message id generator leaves a file in its working directory.
  const child = spawn(command, args, { cwd: tmpdir(), stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  let listening = false;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4_000);
  });
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as PeerLine;
    if (line.kind === 'listening') listening = true;
    else onLine(line);
  });
  // A peer that is gone closes its input; its end is reported by `close`.
  child.stdin.on('error', () => {});
  let ended = false;
  const closed = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      errors += error.message;
    });
    child.once('close', () => {
      ended = true;
      resolve();
    });
  });
  const finish = async () => {
    child.stdin.end();
    await closed;
  };
  return {
    write: (text) => void child.stdin.write(text),
    errors: () => errors,
    whenListening: async () => {
      await waitFor(() => listening || ended, { deadlineMs: 60_000, what: `${command} listens` });
      if (!listening) throw new Error(`${command} did not listen:\n${errors}`);
    },
    finish,
    stop: async () => {
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await finish();
      clearTimeout(timer);
    },
  };
}
