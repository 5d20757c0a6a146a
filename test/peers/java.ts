/** Runs a Java source file against the jars of the pom.xml beside it. Needs `java` 17+ and, the first time, `mvn`: both are prerequisites of the repository. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cached } from './cache.ts';

const outputLimit = 256 * 1024 * 1024;

/** What the program prints when `input` stands on its standard input. */
export function runJava(name: string, source: string, input: string): string {
  const folder = new URL(`${name}/`, import.meta.url);
  const pom = new URL('pom.xml', folder);
  const jars = cached(name, pom, (dir) => {
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${dir}`, '-DincludeScope=runtime'];
    execFileSync('mvn', ['-q', '-B', '-f', fileURLToPath(pom), ...goal], { stdio: ['ignore', 'inherit', 'inherit'] });
  });
  return execFileSync('java', ['-cp', `${jars}/*`, fileURLToPath(new URL(source, folder))], {
    input,
    encoding: 'utf8',
    maxBuffer: outputLimit,
  });
}
