import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let made: { cert: string; key: string } | undefined;

/**
 * A self-signed certificate for localhost, 127.0.0.1 and example.test. Made by `openssl` where there is one; else the
 * fixture in test/fixtures/tls, which is for tests only and trusted by nobody.
 */
export function testCertificate(): { cert: string; key: string } {
  made ??= fromOpenssl() ?? fixture();
  return made;
}

function fromOpenssl(): { cert: string; key: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'chappe-certificate-'));
  try {
    const [keyout, out] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const names = 'subjectAltName=DNS:localhost,DNS:example.test,IP:127.0.0.1';
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'];
    const arguments_ = [
      'req',
      '-x509',
      ...kind,
      '-subj',
      '/CN=localhost',
      '-addext',
      names,
      '-keyout',
      keyout,
      '-out',
      out,
    ];
    execFileSync('openssl', arguments_, { stdio: 'ignore' });
    return { cert: readFileSync(out, 'utf8'), key: readFileSync(keyout, 'utf8') };
  } catch {
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fixture(): { cert: string; key: string } {
  const read = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8');
  return { cert: read('localhost.cert.pem'), key: read('localhost.key.pem') };
}
