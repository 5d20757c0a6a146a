/**
 * MLLP load from a process of its own: CONNECTIONS connections, WINDOW messages unanswered on each (1: one by one), for SECONDS.
 * Every message has a control id and a patient of its own. Output: one JSON line {answers, refused, seconds}; answered is what says AA.
 */
import { connect } from 'node:net';

const port = Number(process.env['PORT']);
const window = Number(process.env['WINDOW']);
const [begin, end] = [Buffer.from([0x0b]), Buffer.from([0x1c, 0x0d])];
const start = performance.now();
const until = start + Number(process.env['SECONDS']) * 1000;
let [sent, answers, refused] = [0, 0, 0];

function messageOf(index: number): Buffer {
  const id = `B${process.pid}-${index}`;
  const segments = [
    `MSH|^~\\&|HIS|HANEUL|CLINSTREAM|HANEUL|20261122090000||ADT^A08^ADT_A01|${id}|P|2.5||||||UNICODE UTF-8`,
    'EVN||20261122090000',
    `PID|1||B${String(index % 5_000).padStart(7, '0')}^^^HIS^PI||Bench^Patient||19700101|F`,
    'PV1|1|O',
  ];
  return Buffer.concat([begin, Buffer.from(`${segments.join('\r')}\r`), end]);
}

/** Resolves when the time is up and everything sent on this connection is answered. */
function sendOnOne(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let unanswered = 0;
    let rest: Buffer = Buffer.alloc(0);
    const fill = (): void => {
      while (unanswered < window && performance.now() < until) {
        unanswered++;
        socket.write(messageOf(sent++));
      }
      if (unanswered > 0) return;
      socket.destroy();
      resolve();
    };
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.once('connect', fill);
    socket.on('data', (chunk) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (let at = rest.indexOf(end); at >= 0; at = rest.indexOf(end)) {
        if (rest.subarray(0, at).includes('MSA|AA')) answers++;
        else refused++;
        unanswered--;
        rest = rest.subarray(at + 2);
      }
      fill();
    });
  });
}

await Promise.all(Array.from({ length: Number(process.env['CONNECTIONS']) }, sendOnOne));
console.log(JSON.stringify({ answers, refused, seconds: (performance.now() - start) / 1000 }));
process.exit(0);
