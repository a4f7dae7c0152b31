import { expect, test } from 'vitest';
import { CERTIFICATES, copied, DtlsPair, type PairOptions, type Role } from '../../../test/support/dtls-pair.ts';
import { nodeDtlsCrypto } from '../../server/media/dtls-crypto.ts';
import { Alert, serializeAlert } from './alert.ts';
import { serializeCertificate } from './certificate-message.ts';
import type { DtlsCrypto } from './crypto-port.ts';
import type { DtlsErrorCode } from './dtls-error.ts';
import type { DtlsEvent } from './dtls-options.ts';
import { HandshakeType, serializeMessage } from './handshake-message.ts';
import { ascii } from './octets.ts';
import { ContentType, RecordWriter } from './record-layer.ts';

/** Runs to the end: who refuses, why, and that the other is told and never connects. */
function refused(options: PairOptions, by: Role, code: DtlsErrorCode): DtlsPair {
  const pair = new DtlsPair(options).start().run();
  const other = by === 'client' ? 'server' : 'client';
  expect(pair.event(by, 'failed').code).toBe(code);
  for (const role of ['client', 'server'] as const) expect(connected(pair.events[role])).toBe(false);
  expect(pair.event(other, 'failed').code).toBe('DTLS_PEER_ALERT');
  return pair;
}

function connected(events: readonly DtlsEvent[]): boolean {
  return events.some((event) => event.type === 'connected');
}

/** Changes octets where they are found, in each datagram of one side. */
function tampering(by: Role, find: readonly number[], replace: readonly number[]): NonNullable<PairOptions['network']> {
  return (datagram, from) => {
    const at = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.length).indexOf(Buffer.from(find));
    if (from === by && at >= 0) datagram.set(replace, at);
    return [10];
  };
}

function corrupting(certificate: typeof CERTIFICATES.client): typeof CERTIFICATES.client {
  return { ...certificate, sign: (octets) => certificate.sign(octets.subarray(1)) };
}

test('a server with a copied certificate and a key of its own is refused', () => {
  refused({ server: { certificate: copied(CERTIFICATES.server) } }, 'client', 'DTLS_BAD_SIGNATURE');
});

test('a client with a copied certificate and a key of its own is refused', () => {
  refused({ client: { certificate: copied(CERTIFICATES.client) } }, 'server', 'DTLS_BAD_SIGNATURE');
});

test('a signature over something else is refused, by either', () => {
  refused({ server: { certificate: corrupting(CERTIFICATES.server) } }, 'client', 'DTLS_BAD_SIGNATURE');
  refused({ client: { certificate: corrupting(CERTIFICATES.client) } }, 'server', 'DTLS_BAD_SIGNATURE');
});

test('a certificate other than the announced one is refused, by either', () => {
  refused({ client: { fingerprints: [new Uint8Array(32)] } }, 'client', 'DTLS_FINGERPRINT');
  refused({ server: { fingerprints: [new Uint8Array(32)] } }, 'server', 'DTLS_FINGERPRINT');
  refused({ server: { fingerprints: [] } }, 'server', 'DTLS_FINGERPRINT');
});

/** Cryptography of a side whose Finished, and nothing else, is wrong. */
function wrongFinished(role: Role): DtlsCrypto {
  const label = Buffer.from(ascii(`${role} finished`));
  const hmacSha256: DtlsCrypto['hmacSha256'] = (key, octets) => {
    const mac = nodeDtlsCrypto.hmacSha256(key, octets);
    return Buffer.from(octets).includes(label) ? mac.map((octet) => octet ^ 1) : mac;
  };
  return { ...nodeDtlsCrypto, hmacSha256 };
}

test('a wrong Finished is refused at once, by either', () => {
  const client = refused({ client: { crypto: wrongFinished('client') } }, 'server', 'DTLS_BAD_FINISHED');
  expect(client.event('client', 'failed').alert).toBe(Alert.decryptError);
  const pair = new DtlsPair({ server: { crypto: wrongFinished('server') } }).start().run();
  expect(pair.events.client).toEqual([{ type: 'failed', code: 'DTLS_BAD_FINISHED' }]);
});

test('a client that shows no certificate is refused', () => {
  const pair = new DtlsPair({ network: (_, from) => (from === 'client' ? [10] : []) }).start().run(10);
  const certificate = { type: HandshakeType.certificate, sequence: 1, body: new Uint8Array(3) };
  pair.inject('server', new RecordWriter().write(0, ContentType.handshake, serializeMessage(certificate)));
  pair.run();
  expect(pair.events.server).toEqual([{ type: 'failed', code: 'DTLS_NO_CERTIFICATE' }]);
});

test('nothing in common is refused: profile, or a certificate that the suite does not fit', () => {
  refused(
    {
      client: { srtpProfiles: ['SRTP_AEAD_AES_128_GCM'] },
      server: { srtpProfiles: ['SRTP_AES128_CM_HMAC_SHA1_80'] },
    },
    'server',
    'DTLS_NO_SRTP_PROFILE',
  );
  const rsa = { ...CERTIFICATES.server, keyType: 'rsa' as const };
  refused({ server: { certificate: rsa } }, 'client', 'DTLS_BAD_CERTIFICATE');
});

test('a hello stripped of the extended master secret is refused by who insists, and found out by who does not', () => {
  const strip = tampering('client', [0, 23, 0, 0, 0xff, 1], [0x77, 23, 0, 0, 0xff, 1]);
  refused({ network: strip }, 'server', 'DTLS_NO_EXTENDED_MASTER_SECRET');
  const lenient = { extendedMasterSecret: 'preferred' } as const;
  refused({ client: lenient, server: lenient, network: strip }, 'server', 'DTLS_BAD_SIGNATURE');
});

test('an answer without the extended master secret, or with what was not offered, is refused by the client', () => {
  const preferred = { extendedMasterSecret: 'preferred' } as const;
  const bare = tampering('client', [0, 23, 0, 0, 0xff, 1], [0x77, 23, 0, 0, 0xff, 1]);
  refused({ server: preferred, network: bare }, 'client', 'DTLS_NO_EXTENDED_MASTER_SECRET');
  const foreign = tampering('server', [0, 23, 0, 0, 0xff, 1], [0, 35, 0, 0, 0xff, 1]);
  refused({ network: foreign }, 'client', 'DTLS_EXTENSION');
});

/** Sets the version that one side's hello names: two octets behind the headers of record and message. */
function version(by: Role, minor: number): NonNullable<PairOptions['network']> {
  return (datagram, from) => {
    const hello = datagram[13] === HandshakeType.clientHello || datagram[13] === HandshakeType.serverHello;
    if (from === by && hello) datagram[26] = minor;
    return [10];
  };
}

test('a version other than DTLS 1.2 is refused, by either', () => {
  refused({ network: version('client', 0xff) }, 'server', 'DTLS_VERSION');
  refused({ network: version('server', 0xff) }, 'client', 'DTLS_VERSION');
});

test('hellos with nothing in common, or with what was not offered, are refused', () => {
  const cases: [Role, number[], number[], Role, DtlsErrorCode][] = [
    ['server', [0xc0, 0x2b, 0], [0xc0, 0x2c, 0], 'client', 'DTLS_NO_CIPHER_SUITE'],
    ['client', [0xc0, 0x2b, 0xc0, 0x2f], [0xc0, 0x2c, 0xc0, 0x30], 'server', 'DTLS_NO_CIPHER_SUITE'],
    ['client', [0, 4, 0, 29, 0, 23], [0, 4, 0, 30, 0, 25], 'server', 'DTLS_NO_GROUP'],
    ['client', [0, 4, 4, 3, 4, 1], [0, 4, 2, 3, 2, 1], 'server', 'DTLS_NO_SIGNATURE_SCHEME'],
    ['client', [0xff, 1, 0, 1, 0], [0xff, 1, 0, 1, 9], 'server', 'DTLS_RENEGOTIATION_INFO'],
    ['client', [0, 11, 0, 2, 1, 0], [0, 11, 0, 2, 1, 1], 'server', 'DTLS_ILLEGAL_PARAMETER'],
    ['server', [0, 14, 0, 5, 0, 2, 0, 7], [0, 14, 0, 5, 0, 2, 0, 8], 'client', 'DTLS_ILLEGAL_PARAMETER'],
  ];
  for (const [by, find, replace, refuser, code] of cases) {
    refused({ network: tampering(by, find, replace) }, refuser, code);
  }
});

test('a key exchange point that is not on the curve is refused', () => {
  const generateKeyPair: DtlsCrypto['generateKeyPair'] = (group) => {
    const pair = nodeDtlsCrypto.generateKeyPair(group);
    return { ...pair, publicKey: new Uint8Array(pair.publicKey.length), derive: () => new Uint8Array(32) };
  };
  const crypto = { ...nodeDtlsCrypto, generateKeyPair };
  refused({ client: { crypto } }, 'server', 'DTLS_ILLEGAL_PARAMETER');
  refused({ server: { crypto } }, 'client', 'DTLS_ILLEGAL_PARAMETER');
});

test('a reason to refuse is final only after patience, and a true message in time makes up for a false one', () => {
  const pair = new DtlsPair({ network: () => [200] }).start();
  const forged = (sequence: number, type: number, body: Uint8Array): Uint8Array =>
    new RecordWriter().write(0, ContentType.handshake, serializeMessage({ type, sequence, body }));
  pair.run(100);
  const sameLength = CERTIFICATES.server.der.map((octet, i) => (i > 100 ? octet ^ 1 : octet));
  pair.inject('client', forged(1, HandshakeType.certificate, serializeCertificate(sameLength)));
  pair.run(3000);
  expect(pair.agreed()).toBe(true);
  const alone = new DtlsPair({ network: (_, from) => (from === 'client' ? [200] : []) }).start().run(100);
  alone.inject(
    'client',
    new RecordWriter().write(0, ContentType.alert, serializeAlert({ fatal: true, description: 40 })),
  );
  alone.run(3099);
  expect(alone.events.client).toEqual([]);
  alone.run(3100);
  expect(alone.events.client).toEqual([{ type: 'failed', code: 'DTLS_PEER_ALERT', alert: 40 }]);
});

test('without patience a refusal is immediate', () => {
  const pair = new DtlsPair({ client: { patience: 0, fingerprints: [] } }).start().run(20);
  expect(pair.event('client', 'failed').code).toBe('DTLS_FINGERPRINT');
});

test('a crowd of costly forgeries is given up on', () => {
  const pair = new DtlsPair({ network: (_, from) => (from === 'client' ? [10] : []) }).start().run(10);
  const writer = new RecordWriter();
  const body = serializeCertificate(CERTIFICATES.server.der);
  const datagram = writer.write(
    0,
    ContentType.handshake,
    serializeMessage({ type: HandshakeType.certificate, sequence: 1, body }),
  );
  for (let i = 0; i < 15; i++) pair.inject('server', datagram);
  expect(pair.events.server).toEqual([]);
  pair.inject('server', datagram);
  expect(pair.events.server).toEqual([{ type: 'failed', code: 'DTLS_FINGERPRINT' }]);
});
