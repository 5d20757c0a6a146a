/** `npm start`: see start-options.ts for what it understands, supervisor.ts for what it does. */
import { parseStartOptions, type StartOptions, startHelp } from './start-options.ts';
import { runStack } from './supervisor.ts';

function read(): 'help' | StartOptions | null {
  try {
    return parseStartOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${startHelp}`);
    return null;
  }
}

const options = read();
if (options === null) process.exitCode = 2;
else if (options === 'help') console.log(startHelp);
else process.exit(await runStack(options, process.env));
