/**
 * Load from a process of its own: CONNECTIONS connections, one request under way on each, for SECONDS.
 * Input: environment (URL, TOKEN, BODIES: a JSON file of request bodies used in turn, TYPE: their content type, EXPECT: the status that counts).
 * Output: one JSON line {answers, refused, seconds, p50, p99}.
 */
import { readFileSync } from 'node:fs';
import { Pool } from 'undici';

const url = new URL(process.env['URL'] ?? '');
const bodies = JSON.parse(readFileSync(process.env['BODIES'] ?? '', 'utf8')) as string[];
const headers = { authorization: `Bearer ${process.env['TOKEN']}`, 'content-type': process.env['TYPE'] ?? '' };
const connections = Number(process.env['CONNECTIONS']);
const expected = Number(process.env['EXPECT']);
const pool = new Pool(url.origin, { connections, pipelining: 1 });
let [sent, answers, refused] = [0, 0, 0];
const times: number[] = [];

const start = performance.now();
const until = start + Number(process.env['SECONDS']) * 1000;
await Promise.all(
  Array.from({ length: connections }, async () => {
    while (performance.now() < until) {
      const sentAt = performance.now();
      const body = bodies[sent++ % bodies.length] ?? '';
      const { statusCode, body: answer } = await pool.request({ path: url.pathname, method: 'POST', headers, body });
      await answer.dump({ limit: 1e9 });
      if (statusCode === expected) answers++;
      else refused++;
      times.push(performance.now() - sentAt);
    }
  }),
);
const seconds = (performance.now() - start) / 1000;
times.sort((a, b) => a - b);
const at = (share: number): number => times[Math.floor(times.length * share)] ?? 0;
console.log(JSON.stringify({ answers, refused, seconds, p50: at(0.5), p99: at(0.99) }));
process.exit(0);
