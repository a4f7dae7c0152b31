import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { LocalCertificate } from '../../src/protocol/dtls/crypto-port.ts';
import type { DtlsOptions } from '../../src/protocol/dtls/dtls-options.ts';
import { generateCertificate } from '../../src/server/media/certificate.ts';
import { localCertificate, nodeDtlsCrypto } from '../../src/server/media/dtls-crypto.ts';
import { DtlsSocket } from '../support/dtls-socket.ts';
import { describeWith, peerPath } from '../support/peer.ts';
import { Program } from '../support/program.ts';

type Kind = 'ecdsa' | 'rsa';

interface Identity {
  keyFile: string;
  certificateFile: string;
  local: LocalCertificate;
}

const PROFILES = [
  ['SRTP_AES128_CM_HMAC_SHA1_80', 'SRTP_AES128_CM_SHA1_80', 60],
  ['SRTP_AEAD_AES_128_GCM', 'SRTP_AEAD_AES_128_GCM', 56],
] as const;

describeWith(['openssl'], 'DTLS 1.2 against openssl', () => {
  let folder: string;
  let identities: Record<Kind, Identity>;
  const open: { close(): unknown }[] = [];

  function identity(kind: Kind): Identity {
    const keyFile = join(folder, `${kind}.key`);
    const certificateFile = join(folder, `${kind}.pem`);
    const algorithm = kind === 'rsa' ? ['rsa:2048'] : ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    const subject = ['-nodes', '-subj', '/CN=peer', '-days', '2', '-keyout', keyFile, '-out', certificateFile];
    execFileSync(peerPath('openssl'), ['req', '-x509', '-newkey', ...algorithm, ...subject], { stdio: 'ignore' });
    const der = new X509Certificate(readFileSync(certificateFile)).raw;
    return { keyFile, certificateFile, local: localCertificate(der, createPrivateKey(readFileSync(keyFile))) };
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'chappe-dtls-'));
    identities = { ecdsa: identity('ecdsa'), rsa: identity('rsa') };
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function openssl(
    command: 's_client' | 's_server',
    kind: Kind,
    profile: string,
    length: number,
    extra: string[],
    env = process.env,
  ): Program {
    const { keyFile, certificateFile } = identities[kind];
    const program = new Program(
      `openssl ${command}`,
      peerPath('openssl'),
      [
        ...[command, '-dtls1_2', '-key', keyFile, '-cert', certificateFile, '-use_srtp', profile],
        ...['-keymatexport', 'EXTRACTOR-dtls_srtp', '-keymatexportlen', `${length}`, ...extra],
      ],
      { env },
    );
    open.push({ close: () => program.stop() });
    return program;
  }

  async function endpoint(
    kind: Kind,
    peer: Kind,
    options: Partial<DtlsOptions> & { role: 'client' | 'server' },
  ): Promise<DtlsSocket> {
    const socket = await DtlsSocket.open({
      crypto: nodeDtlsCrypto,
      certificate: kind === 'ecdsa' ? generateCertificate(Date.now()) : identities.rsa.local,
      fingerprints: [nodeDtlsCrypto.sha256(identities[peer].local.der)],
      patience: 0,
      deadline: 10_000,
      ...options,
    });
    open.push(socket);
    return socket;
  }

  async function exported(program: Program): Promise<string> {
    return (await program.waitFor(/Keying material: ([0-9A-F]+)/))[1]!.toLowerCase();
  }

  async function client(
    socket: DtlsSocket,
    kind: Kind,
    profile: string,
    length: number,
    extra: string[] = [],
    env = process.env,
  ): Promise<Program> {
    socket.start();
    return openssl('s_client', kind, profile, length, ['-connect', `127.0.0.1:${socket.port}`, ...extra], env);
  }

  async function server(
    socket: DtlsSocket,
    kind: Kind,
    profile: string,
    length: number,
    extra: string[] = [],
  ): Promise<Program> {
    const program = openssl('s_server', kind, profile, length, ['-accept', '127.0.0.1:0', '-Verify', '1', ...extra]);
    const port = Number((await program.waitFor(/ACCEPT 127\.0\.0\.1:(\d+)/))[1]);
    socket.start(port);
    return program;
  }

  /** An s_client like those of old phones. */
  async function withoutExtendedMasterSecret(socket: DtlsSocket): Promise<Program> {
    const config = join(folder, 'no-ems.cnf');
    const text = 'openssl_conf=a\n[a]\nssl_conf=b\n[b]\nsystem_default=c\n[c]\nOptions=-ExtendedMasterSecret\n';
    writeFileSync(config, text);
    return client(socket, 'ecdsa', 'SRTP_AES128_CM_SHA1_80', 60, [], { ...process.env, OPENSSL_CONF: config });
  }

  for (const [profile, name, length] of PROFILES) {
    for (const [ours, theirs] of [
      ['ecdsa', 'ecdsa'],
      ['rsa', 'ecdsa'],
      ['ecdsa', 'rsa'],
    ] as const) {
      test(`s_client (${theirs}) connects to our server (${ours}) and has the same ${profile} keys`, async () => {
        const socket = await endpoint(ours, theirs, { role: 'server' });
        const program = await client(socket, theirs, name, length);
        const { srtpProfile, keyingMaterial } = await socket.event('connected');
        expect(srtpProfile).toBe(profile);
        expect(await exported(program)).toBe(Buffer.from(keyingMaterial).toString('hex'));
        expect(program.output).toContain('Extended master secret: yes');
      });

      test(`our client (${ours}) connects to s_server (${theirs}) and has the same ${profile} keys`, async () => {
        const socket = await endpoint(ours, theirs, { role: 'client' });
        const program = await server(socket, theirs, name, length);
        const { srtpProfile, keyingMaterial } = await socket.event('connected');
        expect(srtpProfile).toBe(profile);
        expect(await exported(program)).toBe(Buffer.from(keyingMaterial).toString('hex'));
      });
    }
  }

  // A peer that lists only X25519 takes no P-256 certificate either (RFC 8422 section 5.1).
  for (const [group, kind] of [
    ['X25519', 'rsa'],
    ['P-256', 'ecdsa'],
  ] as const) {
    test(`s_client and s_server that know only ${group} are met`, async () => {
      const listening = await endpoint(kind, kind, { role: 'server' });
      const one = await client(listening, kind, 'SRTP_AES128_CM_SHA1_80', 60, ['-groups', group]);
      expect(await exported(one)).toBe(
        Buffer.from((await listening.event('connected')).keyingMaterial).toString('hex'),
      );
      const calling = await endpoint(kind, kind, { role: 'client' });
      const other = await server(calling, kind, 'SRTP_AES128_CM_SHA1_80', 60, ['-groups', group]);
      expect(await exported(other)).toBe(
        Buffer.from((await calling.event('connected')).keyingMaterial).toString('hex'),
      );
    });
  }

  test('cookies: ours are returned by s_client, and we return those of s_server -listen', async () => {
    const cookie = { secret: nodeDtlsCrypto.random(32), peer: new Uint8Array([127, 0, 0, 1]) };
    const listening = await endpoint('ecdsa', 'ecdsa', { role: 'server', cookie });
    await client(listening, 'ecdsa', 'SRTP_AES128_CM_SHA1_80', 60);
    await listening.event('connected');
    const calling = await endpoint('ecdsa', 'ecdsa', { role: 'client' });
    const program = await server(calling, 'ecdsa', 'SRTP_AES128_CM_SHA1_80', 60, ['-listen']);
    expect(await exported(program)).toBe(
      Buffer.from((await calling.event('connected')).keyingMaterial).toString('hex'),
    );
  });

  test('messages in small fragments are understood by both', async () => {
    const listening = await endpoint('rsa', 'rsa', { role: 'server', mtu: 256 });
    await client(listening, 'rsa', 'SRTP_AES128_CM_SHA1_80', 60, ['-mtu', '256']);
    await listening.event('connected');
    const calling = await endpoint('rsa', 'rsa', { role: 'client', mtu: 256 });
    const program = await server(calling, 'rsa', 'SRTP_AES128_CM_SHA1_80', 60, ['-mtu', '256']);
    await calling.event('connected');
    await exported(program);
  });

  test('close_notify ends the other side, either way', async () => {
    const listening = await endpoint('ecdsa', 'ecdsa', { role: 'server' });
    const program = await client(listening, 'ecdsa', 'SRTP_AES128_CM_SHA1_80', 60);
    await listening.event('connected');
    await exported(program);
    program.closeInput();
    await listening.event('closed');
    const other = await endpoint('ecdsa', 'ecdsa', { role: 'server' });
    const ended = await client(other, 'ecdsa', 'SRTP_AES128_CM_SHA1_80', 60);
    await other.event('connected');
    await exported(ended);
    other.carry(other.endpoint.close(performance.now()));
    await ended.waitFor(/closed/);
  });

  test('s_client that wants to renegotiate gets a warning, and nothing is negotiated', async () => {
    const socket = await endpoint('ecdsa', 'ecdsa', { role: 'server' });
    const program = await client(socket, 'ecdsa', 'SRTP_AES128_CM_SHA1_80', 60);
    await socket.event('connected');
    await exported(program);
    const mark = program.mark();
    program.write('R\n');
    await program.waitFor(/no renegotiation/i, { from: mark });
    expect(socket.events.filter((event) => event.type === 'connected')).toHaveLength(1);
  });

  test('s_client without a certificate, without SRTP, or without the extended master secret is refused', async () => {
    const bare = await endpoint('ecdsa', 'ecdsa', { role: 'server' });
    bare.start();
    const run = (name: string, args: string[]): Program => {
      const program = new Program(name, peerPath('openssl'), ['s_client', '-dtls1_2', ...args]);
      open.push({ close: () => program.stop() });
      return program;
    };
    run('no certificate', ['-use_srtp', 'SRTP_AES128_CM_SHA1_80', '-connect', `127.0.0.1:${bare.port}`]);
    await expect(bare.event('connected')).rejects.toThrow('DTLS_NO_CERTIFICATE');
    const { keyFile, certificateFile } = identities.ecdsa;
    const plain = await endpoint('ecdsa', 'ecdsa', { role: 'server' });
    plain.start();
    const refused = run('no SRTP', ['-key', keyFile, '-cert', certificateFile, '-connect', `127.0.0.1:${plain.port}`]);
    await expect(plain.event('connected')).rejects.toThrow('DTLS_NO_SRTP_PROFILE');
    await refused.waitFor(/alert handshake failure/);
    const old = await endpoint('ecdsa', 'ecdsa', { role: 'server' });
    await withoutExtendedMasterSecret(old);
    await expect(old.event('connected')).rejects.toThrow('DTLS_NO_EXTENDED_MASTER_SECRET');
  });

  test('s_client without the extended master secret connects where it is only preferred', async () => {
    const socket = await endpoint('ecdsa', 'ecdsa', { role: 'server', extendedMasterSecret: 'preferred' });
    const program = await withoutExtendedMasterSecret(socket);
    const { keyingMaterial } = await socket.event('connected');
    expect(await exported(program)).toBe(Buffer.from(keyingMaterial).toString('hex'));
    expect(program.output).toContain('Extended master secret: no');
  });

  test('s_server whose certificate is another than the announced one, or that asks for none of ours, is refused', async () => {
    const wrong = await endpoint('ecdsa', 'rsa', { role: 'client' });
    const program = await server(wrong, 'ecdsa', 'SRTP_AES128_CM_SHA1_80', 60);
    await expect(wrong.event('connected')).rejects.toThrow('DTLS_FINGERPRINT');
    await program.waitFor(/alert bad certificate/);
    const careless = await endpoint('ecdsa', 'ecdsa', { role: 'client' });
    const asking = openssl('s_server', 'ecdsa', 'SRTP_AES128_CM_SHA1_80', 60, ['-accept', '127.0.0.1:0']);
    careless.start(Number((await asking.waitFor(/ACCEPT 127\.0\.0\.1:(\d+)/))[1]));
    await expect(careless.event('connected')).rejects.toThrow('DTLS_NO_CERTIFICATE');
  });
});
