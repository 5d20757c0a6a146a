/** Development keys and tokens, for `npm run token` and for the containers of infra/compose.yaml. Not for production. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { repositoryRoot } from './services.ts';
import { ensureKeys, isRole, roles, signToken } from './tokens.ts';

const help = `make     makes a key pair and the jwks.json services check with, unless they are there
token    prints a token, signed with that key pair

  --dir DIR        folder of the keys (default: .clinstream/keys, those of \`npm start\`)
  --role ROLE      may be given more than once: ${roles.join(', ')}
  --client ID      client id that idempotency keys belong to (default: local-ROLE)
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dir: { type: 'string', default: join(repositoryRoot, '.clinstream', 'keys') },
    role: { type: 'string', multiple: true, default: [] },
    client: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const granted = values.role.filter(isRole);
const hasRoles = granted.length > 0 && granted.length === values.role.length;

if (positionals[0] === 'make') console.log(`keys are in ${await ensureKeys(values.dir)}`);
else if (positionals[0] === 'token' && hasRoles) console.log(await token());
else {
  console.error(help);
  process.exitCode = values.help ? 0 : 2;
}

async function token(): Promise<string> {
  await ensureKeys(values.dir);
  return signToken({ dir: values.dir, roles: granted, ...(values.client ? { client: values.client } : {}) });
}
