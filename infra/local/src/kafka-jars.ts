/** Where Kafka's jars lie. scripts/bootstrap.mjs fetches them by Maven; this file only knows the place and says so when they are not there. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const pom = new URL('../kafka/pom.xml', import.meta.url);

/** Folder of the jars; its name holds a digest of the pom, so that a changed pom fetches anew. Throws when bootstrap has not run. */
export function kafkaJars(): string {
  const digest = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12);
  const dir = fileURLToPath(new URL(`../../../.cache/kafka-${digest}`, import.meta.url));
  if (!existsSync(dir))
    throw new Error(`Kafka's jars are not in ${dir}: run \`npm start\` or \`npm test\` once, they fetch them`);
  return dir;
}
