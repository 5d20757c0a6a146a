/** Keys and certificates for tests of TLS, made by openssl: `<name>.key` and `<name>.crt` in `dir`, for localhost and 127.0.0.1, good for two days. */
import { execFileSync } from 'node:child_process';

/** Why such tests have to be skipped, or false. */
export function opensslMissing(): string | false {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'openssl is not installed';
  }
}

/** Signed by `authority`, which was made here before; by itself, as an authority, where none is given. */
export function makeCertificate(dir: string, name: string, authority?: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', `${name}.key`, '-out', `${name}.crt`];
  const naming = ['-subj', `/CN=${name}`, '-days', '2', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const signing =
    authority === undefined ? ['-addext', 'basicConstraints=CA:TRUE'] : ['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`];
  execFileSync('openssl', ['req', '-x509', ...key, ...files, ...naming, ...signing], { stdio: 'ignore', cwd: dir });
}
