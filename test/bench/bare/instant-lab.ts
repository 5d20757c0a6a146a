/** FROZEN. A laboratory that says AA to every frame at once and understands nothing but MSH-10. Input: environment (PORT). Prints `ready`. */
import { createServer } from 'node:net';

const end = Buffer.from([0x1c, 0x0d]);

createServer((socket) => {
  let rest: Buffer = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let at = rest.indexOf(end); at >= 0; at = rest.indexOf(end)) {
      const controlId = rest.subarray(0, at).toString('latin1').split('|', 11)[9] ?? '';
      rest = rest.subarray(at + 2);
      socket.write(`\u000bMSH|^~\\&|L|L|C|H|20261122||ACK|A|P|2.5.1\rMSA|AA|${controlId}\r\u001c\r`);
    }
  });
}).listen({ host: '127.0.0.1', port: Number(process.env['PORT']) }, () => console.log('ready'));
