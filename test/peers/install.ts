/** `node test/peers/install.ts`: fetches what the foreign peers of the tests need, before the tests run; ends with 1 when one cannot be had. */
import { javaPeer } from './java.ts';
import { pythonPeer } from './python.ts';

console.log(`Apache Avro: ${javaPeer('avro-judge')}`);
const python = pythonPeer();
console.log(`Python: ${python.command ?? python.missing}`);
if (python.missing !== null) process.exitCode = 1;
