/**
 * Development keys and tokens where there is no npm, as in the containers of infra/compose.yaml.
 *   node infra/local/src/keys-cli.ts make DIR           makes the key pair and jwks.json, once
 *   node infra/local/src/keys-cli.ts token DIR ROLE...  prints a token with these roles
 */
import { ensureKeys, isRole, roles, signToken } from './tokens.ts';

const [command, dir, ...granted] = process.argv.slice(2);

if (command === 'make' && dir) console.log(`keys in ${await ensureKeys(dir)}`);
else if (command === 'token' && dir && granted.length > 0 && granted.every(isRole)) {
  console.log(await signToken({ dir, roles: granted.filter(isRole) }));
} else {
  console.error(`usage: keys-cli.ts make DIR | token DIR ROLE...\nroles: ${roles.join(', ')}`);
  process.exitCode = 2;
}
