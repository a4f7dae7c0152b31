import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CERTIFICATES, DtlsPair, fingerprintOf, type Role } from '../../../test/support/dtls-pair.ts';
import { Alert, serializeAlert } from './alert.ts';
import type { FlightSender } from './flight-sender.ts';
import { HandshakeType, parseFragments, serializeFragment } from './handshake-message.ts';
import { concat } from './octets.ts';
import { ContentType, type DtlsRecord, parseRecords, RecordWriter } from './record-layer.ts';
import { splitKeyingMaterial } from './srtp-profile.ts';

const ROLES: readonly Role[] = ['client', 'server'];

function plain(type: number, content: Uint8Array): Uint8Array {
  return new RecordWriter().write(0, type, content);
}

function plainAlert(fatal: boolean, description: number): Uint8Array {
  return plain(ContentType.alert, serializeAlert({ fatal, description }));
}

test('two endpoints connect in two round trips and agree on the keys of SRTP', () => {
  const pair = new DtlsPair().start().run(40);
  expect(pair.agreed()).toBe(true);
  const client = pair.event('client', 'connected');
  const server = pair.event('server', 'connected');
  expect(client.srtpProfile).toBe('SRTP_AEAD_AES_128_GCM');
  expect(client.keyingMaterial).toHaveLength(56);
  expect([...client.fingerprint]).toEqual([...createHash('sha256').update(CERTIFICATES.server.der).digest()]);
  expect([...server.peerCertificate]).toEqual([...CERTIFICATES.client.der]);
  const ours = splitKeyingMaterial(client.srtpProfile, 'client', client.keyingMaterial);
  const theirs = splitKeyingMaterial(server.srtpProfile, 'server', server.keyingMaterial);
  expect(ours.local).toEqual(theirs.remote);
  expect(ours.remote).toEqual(theirs.local);
  expect(ours.local.key).not.toEqual(ours.remote.key);
});

test('the server takes the profile that it prefers of those offered', () => {
  const server = { srtpProfiles: ['SRTP_AES128_CM_HMAC_SHA1_80', 'SRTP_AEAD_AES_128_GCM'] as const };
  const pair = new DtlsPair({ server }).start().run();
  expect(pair.event('client', 'connected').srtpProfile).toBe('SRTP_AES128_CM_HMAC_SHA1_80');
  expect(pair.event('server', 'connected').keyingMaterial).toHaveLength(60);
});

test('any one of several announced fingerprints will do', () => {
  const fingerprints = [new Uint8Array(32), fingerprintOf(CERTIFICATES.client)];
  expect(new DtlsPair({ server: { fingerprints } }).start().run().agreed()).toBe(true);
});

test('a fingerprint that is announced after the handshake is waited for', () => {
  const pair = new DtlsPair({ server: { fingerprints: undefined } }).start().run(1000);
  expect(pair.events.client[0]?.type).toBe('connected');
  expect(pair.events.server).toEqual([]);
  expect(pair.server.receive(pair.sent.client[0]!.datagram, 1000)).toEqual([]); // in the clear, and old
  pair.carry('server', pair.server.expect([fingerprintOf(CERTIFICATES.client)]));
  expect(pair.agreed()).toBe(true);
  expect(pair.server.expect([fingerprintOf(CERTIFICATES.client)])).toEqual([]);
  const wrong = new DtlsPair({ server: { fingerprints: undefined } }).start().run(1000);
  wrong.carry('server', wrong.server.expect([new Uint8Array(32)]));
  expect(wrong.event('server', 'failed').code).toBe('DTLS_FINGERPRINT');
  wrong.run(2000);
  expect(wrong.event('client', 'failed').alert).toBe(Alert.badCertificate);
});

test('a cookie costs a round trip, and the hello without one leaves nothing that repeats itself', () => {
  const cookie = { secret: new Uint8Array(32), peer: new Uint8Array([1]) };
  const pair = new DtlsPair({ server: { cookie } }).start().run(60);
  expect(pair.agreed()).toBe(true);
  const silent = new DtlsPair({ server: { cookie }, network: (_, from) => (from === 'client' ? [10] : []) });
  silent.start().run(900);
  expect(silent.sent.server).toHaveLength(1);
  const [request] = parseRecords(silent.sent.server[0]!.datagram);
  expect(request!.fragment[0]).toBe(HandshakeType.helloVerifyRequest);
  expect(request!.sequence).toBe(0);
  const later = concat(silent.sent.client[0]!.datagram.subarray(0, 10), new Uint8Array([7]));
  silent.inject('server', concat(later, silent.sent.client[0]!.datagram.subarray(11)));
  expect(parseRecords(silent.sent.server[1]!.datagram)[0]!.sequence).toBe(7); // RFC 6347 section 4.2.1
  expect(silent.sent.server[0]!.datagram.length).toBeLessThan(silent.sent.client[0]!.datagram.length);
});

test('a hello is repeated after 1 s, 2 s, 4 s..., and given up at the deadline', () => {
  const pair = new DtlsPair({ network: () => [] }).start().run();
  expect(pair.sent.client.map(({ at }) => at)).toEqual([0, 1000, 3000, 7000, 15_000, 30_000]);
  expect(parseRecords(pair.sent.client.at(-1)!.datagram)[0]!.type).toBe(ContentType.alert);
  expect(pair.events.client).toEqual([{ type: 'failed', code: 'DTLS_TIMEOUT' }]);
  expect(pair.events.server).toEqual([{ type: 'failed', code: 'DTLS_TIMEOUT' }]);
});

test('a first repetition that is fast meets a peer that began to listen late', () => {
  let listening = false;
  const client = { retransmission: { first: 60 } };
  const pair = new DtlsPair({ client, network: (_, from) => (from === 'server' || listening ? [10] : []) }).start();
  pair.run(50);
  listening = true;
  pair.run(100);
  expect(pair.agreed()).toBe(true);
});

test("the server's last flight is repeated when the client repeats its own", () => {
  let lost = 0;
  const network = (datagram: Uint8Array, from: Role): number[] => {
    const last = from === 'server' && parseRecords(datagram).some((record) => record.epoch === 1);
    return last && lost++ < 2 ? [] : [10];
  };
  const pair = new DtlsPair({ network }).start().run(500);
  expect(pair.events.server.map((event) => event.type)).toEqual(['connected']);
  expect(pair.events.client).toEqual([]);
  pair.run(5000);
  expect(lost).toBe(3);
  expect(pair.agreed()).toBe(true);
});

test('a hello in pieces, each in its own datagram, in any order, twice, is put together', () => {
  const pair = new DtlsPair();
  pair.network = (datagram, from) => {
    const [record] = parseRecords(datagram);
    if (from === 'server' || record!.fragment[0] !== HandshakeType.clientHello || record!.sequence > 0) return [10];
    const [fragment] = parseFragments(record!.fragment);
    const writer = new RecordWriter();
    for (let offset = fragment!.length; offset > 0; ) {
      const length = Math.min(23, offset);
      offset -= length;
      const piece = serializeFragment({ ...fragment!, sequence: 0 }, offset, length);
      const octets = writer.write(0, ContentType.handshake, piece);
      pair.inject('server', octets);
      pair.inject('server', octets);
    }
    return [];
  };
  pair.start().run(100);
  expect(pair.agreed()).toBe(true);
});

test("Chromium's hello, DTLS 1.3 in two datagrams, is answered with 1.2 in whichever order they come", () => {
  const file = new URL('../../../test/vectors/dtls/chromium-156-client-hello.hex', import.meta.url);
  const datagrams = readFileSync(file, 'latin1')
    .trim()
    .split('\n')
    .map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));
  for (const order of [datagrams, datagrams.toReversed()]) {
    const { server } = new DtlsPair();
    server.start(0);
    expect(server.receive(order[0]!, 0)).toEqual([]);
    const sent = server.receive(order[1]!, 0).flatMap((output) => (output.type === 'send' ? [output.message] : []));
    const types = sent.flatMap(parseRecords).map((record) => record.fragment[0]);
    expect(types).toEqual([
      HandshakeType.serverHello,
      HandshakeType.certificate,
      HandshakeType.serverKeyExchange,
      HandshakeType.certificateRequest,
      HandshakeType.serverHelloDone,
    ]);
  }
});

test('once it is up, nothing in the clear is looked at', () => {
  const pair = new DtlsPair().start().run(100);
  const hello = pair.sent.client[0]!.datagram;
  const strangers = [
    ...pair.sent.server.map(({ datagram }) => datagram.subarray(0, 200)),
    hello,
    plainAlert(true, Alert.handshakeFailure),
    plainAlert(false, Alert.closeNotify),
    plain(ContentType.handshake, serializeFragment({ type: 0, sequence: 0, body: new Uint8Array() }, 0, 0)),
    plain(ContentType.handshake, serializeFragment({ type: 20, sequence: 4, body: new Uint8Array(12) }, 0, 12)),
    plain(ContentType.changeCipherSpec, new Uint8Array([1])),
    plain(ContentType.applicationData, new Uint8Array(10)),
  ];
  for (const role of ROLES) {
    for (const datagram of strangers) expect(pair[role].receive(datagram, pair.now)).toEqual([]);
    expect(pair[role].connected).toBe(true);
  }
});

test('a replayed or forged protected record does nothing', () => {
  const pair = new DtlsPair().start().run(100);
  const recorded = pair.sent.client.map(({ datagram }) => datagram);
  for (const datagram of recorded) expect(pair.server.receive(datagram, 10_000)).toEqual([]);
  const other = new DtlsPair().start().run(100);
  const [close] = other.client.close(100);
  expect(close!.type).toBe('send');
  if (close!.type === 'send') expect(pair.server.receive(close!.message, 10_000)).toEqual([]);
  expect(pair.server.connected).toBe(true);
});

test('close_notify is sent protected, answered, and ends both', () => {
  const pair = new DtlsPair().start().run(100);
  const sent = pair.sent.server.length;
  pair.carry('client', pair.client.close(pair.now));
  pair.run(200);
  for (const role of ROLES) expect(pair.events[role].map((event) => event.type)).toEqual(['connected', 'closed']);
  expect(parseRecords(pair.sent.server[sent]!.datagram)[0]).toMatchObject({ type: ContentType.alert, epoch: 1 });
  expect(pair.client.close(pair.now)).toEqual([]);
  expect(pair.server.receive(pair.sent.client[0]!.datagram, pair.now)).toEqual([]);
});

test('an endpoint that was closed before it was up says so, and does nothing more', () => {
  const pair = new DtlsPair().start();
  pair.carry('client', pair.client.close(0));
  pair.run();
  expect(pair.events.client).toEqual([{ type: 'closed' }]);
  expect(pair.events.server[0]?.type).toBe('failed');
  const idle = new DtlsPair();
  expect(idle.server.receive(new Uint8Array(100), 0)).toEqual([]);
  expect(idle.server.close(0).at(-1)).toEqual({ type: 'event', event: { type: 'closed' } });
  expect(idle.server.start(0)).toEqual([]);
});

test('alerts and nonsense from a stranger do not disturb a handshake', () => {
  const pair = new DtlsPair({ network: () => [50] }).start();
  const noise = [
    plainAlert(true, Alert.handshakeFailure),
    plainAlert(false, Alert.closeNotify),
    new Uint8Array(40),
    plain(ContentType.handshake, new Uint8Array([1, 0, 0])),
    plain(ContentType.handshake, serializeFragment({ type: 2, sequence: 0, body: new Uint8Array(60) }, 0, 60)),
    plain(ContentType.handshake, serializeFragment({ type: 20, sequence: 0, body: new Uint8Array(12) }, 0, 12)),
    plain(ContentType.handshake, serializeFragment({ type: 11, sequence: 1, body: new Uint8Array(8) }, 0, 8)),
  ];
  for (let at = 20; at < 300; at += 20) {
    pair.run(at);
    for (const role of ROLES) for (const datagram of noise) pair.inject(role, datagram);
  }
  pair.run(20_000);
  expect(pair.agreed()).toBe(true);
  for (const role of ROLES) expect(pair.events[role]).toHaveLength(1);
});

test('an alert to a server that has heard no hello yet means nothing', () => {
  const pair = new DtlsPair();
  pair.carry('server', pair.server.start(0));
  for (const description of [0, 40]) pair.inject('server', plainAlert(description > 0, description));
  pair.run(10_000);
  pair.carry('client', pair.client.start(pair.now));
  expect(pair.run(11_000).agreed()).toBe(true);
});

test('a flight that comes back to front is understood without a repetition', () => {
  let order = 0;
  const network = (): number[] => [100 - order++];
  const small = { mtu: 256 };
  expect(new DtlsPair({ client: small, server: small, network }).start().run(900).agreed()).toBe(true);
});

test('a protected hello, which would renegotiate, is answered with one warning', () => {
  const pair = new DtlsPair().start().run(100);
  for (const role of ROLES) {
    const other = role === 'client' ? 'server' : 'client';
    const { writer } = Reflect.get(pair[other], 'sender') as FlightSender;
    const hello = serializeFragment({ type: other === 'client' ? 1 : 0, sequence: 0, body: new Uint8Array() }, 0, 0);
    const content = concat(...Array.from({ length: 50 }, () => hello));
    const outputs = pair[role].receive(writer.write(1, ContentType.handshake, content), 200);
    expect(outputs).toHaveLength(1);
    pair.carry(role, outputs);
  }
  pair.run(1000);
  expect(pair.events.client).toHaveLength(1);
  expect(pair.events.server).toHaveLength(1);
});

test('held records of the next epoch are bounded, and the handshake recovers', () => {
  const pair = new DtlsPair({ network: () => [50] }).start();
  const junk = new Uint8Array(16_000);
  junk.set([22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0x3e, 0x73]);
  const small = concat(junk.subarray(0, 11), new Uint8Array([0, 40]), new Uint8Array(40));
  pair.run(60);
  for (let i = 0; i < 1000; i++) {
    pair.inject('server', junk);
    pair.inject('server', small);
  }
  const held = Reflect.get(pair.server, 'held') as DtlsRecord[];
  expect(held.length).toBeLessThanOrEqual(8);
  expect(held.reduce((sum, { fragment }) => sum + fragment.length, 0)).toBeLessThanOrEqual(8192);
  expect(pair.run(20_000).agreed()).toBe(true);
});
