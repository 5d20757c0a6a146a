/** Runs a Java source file against the jars of the pom.xml beside it. Needs `java` 17+ and, the first time, `mvn`: both are prerequisites of the repository. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cached } from './cache.ts';

const outputLimit = 256 * 1024 * 1024;

/** Folder of the jars that `name`/pom.xml asks for, fetched by Maven the first time. */
export function javaPeer(name: string): string {
  const pom = new URL(`${name}/pom.xml`, import.meta.url);
  return cached(name, pom, (dir) => {
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${dir}`, '-DincludeScope=runtime'];
    execFileSync('mvn', ['-q', '-B', '-f', fileURLToPath(pom), ...goal], { stdio: ['ignore', 'inherit', 'inherit'] });
  });
}

/** What the program prints when `input` stands on its standard input. */
export function runJava(name: string, source: string, input: string): string {
  const file = fileURLToPath(new URL(`${name}/${source}`, import.meta.url));
  return execFileSync('java', ['-cp', `${javaPeer(name)}/*`, file], { input, encoding: 'utf8', maxBuffer: outputLimit });
}
