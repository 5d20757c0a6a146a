/** `node test/peers/install.ts`: fetches what the foreign peers of the tests need, before the tests run; ends with 1 when one cannot be had. */
import { fetchJars, jarsOf } from '../../infra/local/src/jars.ts';
import { javaPeer } from './java.ts';
import { pythonPeer } from './python.ts';

console.log(`Apache Avro: ${javaPeer('avro-judge')}`);
console.log(`HAPI HL7v2: ${javaPeer('hapi-hl7')}`);
await fetchJars('fhir');
console.log(`HAPI FHIR: ${jarsOf('fhir')}`);
const python = pythonPeer();
console.log(`Python: ${python.command ?? python.missing}`);
if (python.missing !== null) process.exitCode = 1;
