// A certificate authority of the test's own, which browsers trust as they would any other: what they check, they check.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerPath } from './peer.ts';

export interface Authority {
  /** Of a server by these names, signed by the authority: files. */
  tls: { cert: string; key: string };
  /** Home of a Chromium that trusts it. */
  home: string;
  /** Profile of a Firefox that trusts it. */
  profile: string;
  remove(): void;
}

export function makeAuthority(names: { host: string; address: string }): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'chappe-authority-'));
  const file = (name: string) => join(folder, name);
  const request = (name: string, ...rest: string[]) => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file(`${name}.key`)];
    openssl('req', ...key, '-subj', `/CN=${name}`, '-out', file(`${name}.pem`), ...rest);
  };
  request('Chappe test authority', '-x509', '-days', '30', '-addext', 'keyUsage=critical,keyCertSign');
  writeFileSync(
    file('extensions'),
    `subjectAltName=DNS:${names.host},IP:${names.address}\nextendedKeyUsage=serverAuth\n`,
  );
  request('server');
  const [ca, caKey] = [file('Chappe test authority.pem'), file('Chappe test authority.key')];
  const cert = file('server.crt');
  const signed = ['x509', '-req', '-days', '30', '-CA', ca, '-CAkey', caKey, '-CAcreateserial'];
  openssl(...signed, '-in', file('server.pem'), '-extfile', file('extensions'), '-out', cert);
  const [home, profile] = [file('home'), file('profile')];
  for (const database of [join(home, '.pki/nssdb'), profile]) {
    mkdirSync(database, { recursive: true });
    certutil('-N', '-d', `sql:${database}`, '--empty-password');
    certutil('-A', '-d', `sql:${database}`, '-n', 'Chappe test authority', '-t', 'C,,', '-i', ca);
  }
  return {
    tls: { cert, key: file('server.key') },
    home,
    profile,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function openssl(...args: string[]): void {
  execFileSync(peerPath('openssl'), args, { stdio: 'pipe' });
}

function certutil(...args: string[]): void {
  execFileSync(peerPath('certutil'), args, { stdio: 'pipe' });
}
