/**
 * FROZEN. The yardsticks of `npm run bench -- ingest`, both in one process: Fastify with the same body schema, and a TCP server with MLLP's framing.
 * Each awaits one bare produce (acks=all) per request or message and says yes; nothing is understood, nothing kept.
 * Input: environment (BROKERS, TOPIC, HTTP_PORT, MLLP_PORT). Prints `ready`.
 */
import { createServer } from 'node:net';
import Fastify from 'fastify';
import { Kafka, logLevel } from 'kafkajs';
import { AnalysisBodySchema } from '../../../services/ingest/src/http/schemas.ts';

const topic = process.env['TOPIC'] ?? '';
const kafka = new Kafka({ clientId: 'bare', brokers: (process.env['BROKERS'] ?? '').split(','), logLevel: logLevel.ERROR });
const producer = kafka.producer({ allowAutoTopicCreation: false });
await producer.connect();

const server = Fastify();
server.post<{ Body: { patient: { id: string } | null } }>(
  '/v1/analyses',
  { schema: { body: AnalysisBodySchema } },
  async (request, reply) => {
    const key = request.body.patient?.id ?? null;
    await producer.send({ topic, acks: -1, messages: [{ key, value: JSON.stringify(request.body) }] });
    return reply.code(202).send({ accepted: true });
  },
);
await server.listen({ host: '127.0.0.1', port: Number(process.env['HTTP_PORT']) });

const [begin, end] = [Buffer.from([0x0b]), Buffer.from([0x1c, 0x0d])];
const yes = Buffer.concat([begin, Buffer.from('MSH|^~\\&|B|B|B|B|20261122||ACK|1|P|2.5\rMSA|AA|1\r'), end]);
createServer((socket) => {
  let rest: Buffer = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let at = rest.indexOf(end); at >= 0; at = rest.indexOf(end)) {
      const value = rest.subarray(1, at);
      rest = rest.subarray(at + 2);
      void producer.send({ topic, acks: -1, messages: [{ value }] }).then(() => socket.write(yes));
    }
  });
}).listen({ host: '127.0.0.1', port: Number(process.env['MLLP_PORT']) }, () => console.log('ready'));
