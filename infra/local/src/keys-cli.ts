/** Keys and tokens of a local stack: `keys-cli.ts make DIR` makes the key pair, `keys-cli.ts token` prints a token. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultDataDir, parseOffset } from './start-options.ts';
import { ensureKeys, isRole, jwksFileOf, type Role, roles, signToken } from './tokens.ts';

const help = `npm run token -- --role ROLE [OPTIONS]: prints a token the local stack accepts.

  --role ROLE       ${roles.join(', ')}; may be repeated (default doctor)
  --client ID       client id, the namespace of idempotency keys (default: the subject)
  --subject NAME    who asks (default local-ROLE)
  --expires TIME    such as 12h or 5m (default 12h)
  --port-offset N, --data DIR   which stack, as told to npm start
  --keys DIR        folder of the keys themselves
`;

async function printToken(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      role: { type: 'string', multiple: true, default: [] },
      client: { type: 'string' },
      subject: { type: 'string' },
      expires: { type: 'string' },
      'port-offset': { type: 'string', default: '0' },
      data: { type: 'string' },
      keys: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(help);
  // `token DIR ROLE…` is what containers call.
  const [folder, ...rolesGiven] = positionals;
  const asked = [...values.role, ...rolesGiven];
  const data = values.data ?? defaultDataDir(parseOffset(values['port-offset']));
  const dir = values.keys ?? folder ?? join(data, 'keys');
  if (!existsSync(jwksFileOf(dir))) throw new Error(`no keys in ${dir}: start the stack once with npm start`);
  const { client, subject, expires } = values;
  const token = await signToken({
    dir,
    roles: (asked.length === 0 ? ['doctor'] : asked).map(parseRole),
    ...(client ? { client } : {}),
    ...(subject ? { subject } : {}),
    ...(expires ? { expiresIn: expires } : {}),
  });
  console.log(token);
}

function parseRole(text: string): Role {
  if (isRole(text)) return text;
  throw new Error(`${text} is not a role: one of ${roles.join(', ')}`);
}

const [command, ...args] = process.argv.slice(2);
try {
  if (command === 'make' && args[0]) console.log(await ensureKeys(args[0]));
  else if (command === 'token') await printToken(args);
  else console.log(help);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
