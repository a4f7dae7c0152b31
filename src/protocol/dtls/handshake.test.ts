import { expect, test } from 'vitest';
import { CERTIFICATES, fingerprintOf, type Role } from '../../../test/support/dtls-pair.ts';
import { nodeDtlsCrypto } from '../../server/media/dtls-crypto.ts';
import { ClientHandshake } from './client-handshake.ts';
import { parseClientHello, serializeClientHello, serializeHelloVerifyRequest } from './client-hello.ts';
import { DtlsError, type DtlsErrorCode } from './dtls-error.ts';
import { ExtensionType } from './extensions.ts';
import { type HandshakeMessage, HandshakeType } from './handshake-message.ts';
import { concat, integer, numbers, vector } from './octets.ts';
import { ServerHandshake } from './server-handshake.ts';
import { parseServerHello, type ServerHello, serializeServerHello } from './server-hello.ts';
import { type Handshake, Session, type SessionSettings } from './session.ts';

function session(role: Role, settings: Partial<SessionSettings> = {}): Session {
  return new Session({
    crypto: nodeDtlsCrypto,
    certificate: CERTIFICATES[role],
    fingerprints: [fingerprintOf(CERTIFICATES[role === 'client' ? 'server' : 'client'])],
    srtpProfiles: ['SRTP_AEAD_AES_128_GCM'],
    extendedMasterSecret: 'required',
    ...settings,
  });
}

type Change = (body: Uint8Array) => Uint8Array | { type: number; body: Uint8Array };

/** Messages handed from side to side without records, those of one type changed on their way; who refuses, and why. */
function meet(type?: number, change?: Change, settings?: Partial<SessionSettings>): [Role, DtlsErrorCode] | 'done' {
  const sides: Record<Role, Handshake> = {
    client: new ClientHandshake(session('client')),
    server: new ServerHandshake(session('server', settings)),
  };
  sides.client.start();
  for (let from: Role = 'client'; !sides.client.done; from = from === 'client' ? 'server' : 'client') {
    const to = from === 'client' ? 'server' : 'client';
    for (const part of sides[from].session.takeFlight()) {
      if (!('message' in part)) continue;
      let message: HandshakeMessage = part.message;
      if (change && message.type === type) {
        const changed = change(message.body);
        message = changed instanceof Uint8Array ? { ...message, body: changed } : { ...message, ...changed };
      }
      try {
        sides[to].receive(message);
      } catch (error) {
        if (error instanceof DtlsError) return [to, error.code];
        throw error;
      }
    }
  }
  return 'done';
}

function set(at: number, value: number): Change {
  return (body) => Uint8Array.from(body, (octet, i) => (i === at ? value : octet));
}

function serverHello(change: (hello: ServerHello) => Partial<ServerHello>): Change {
  return (body) => {
    const hello = parseServerHello(body);
    return serializeServerHello({ ...hello, ...change(hello) });
  };
}

const useSrtp = (octets: readonly number[]): Change =>
  serverHello(({ extensions }) => ({
    extensions: new Map([...extensions, [ExtensionType.useSrtp, Uint8Array.from(octets)]]),
  }));

test('messages as they are sent make a session', () => {
  expect(meet()).toBe('done');
});

test('each message that is not as it should be is refused for its own reason', () => {
  const T = HandshakeType;
  const request = (types: number[], schemes: number[]): Uint8Array =>
    concat(vector(1, Uint8Array.from(types)), vector(2, numbers(schemes)), integer(2, 0));
  const cases: [number, Change, DtlsErrorCode][] = [
    [T.serverHello, serverHello(() => ({ compressionMethod: 1 })), 'DTLS_ILLEGAL_PARAMETER'],
    [T.serverHello, useSrtp([0, 2, 0, 7, 1, 9]), 'DTLS_ILLEGAL_PARAMETER'],
    [T.serverHello, useSrtp([0, 4, 0, 7, 0, 1, 0]), 'DTLS_ILLEGAL_PARAMETER'],
    [T.serverHello, serverHello(() => ({ extensions: new Map([[23, new Uint8Array(1)]]) })), 'DTLS_MALFORMED'],
    [T.serverHello, serverHello(() => ({ extensions: new Map([[23, new Uint8Array()]]) })), 'DTLS_NO_SRTP_PROFILE'],
    [T.certificate, () => new Uint8Array(3), 'DTLS_NO_CERTIFICATE'],
    [T.serverKeyExchange, set(0, 1), 'DTLS_ILLEGAL_PARAMETER'],
    [T.serverKeyExchange, set(2, 25), 'DTLS_ILLEGAL_PARAMETER'],
    [T.serverKeyExchange, set(37, 1), 'DTLS_ILLEGAL_PARAMETER'], // rsa_pkcs1 under an ECDSA certificate
    [T.serverKeyExchange, set(10, 0xaa), 'DTLS_BAD_SIGNATURE'],
    [T.certificateRequest, () => request([1], [0x0403]), 'DTLS_NO_SIGNATURE_SCHEME'],
    [T.certificateRequest, () => request([64], [0x0401]), 'DTLS_NO_SIGNATURE_SCHEME'],
    [T.certificateRequest, () => ({ type: T.serverHelloDone, body: new Uint8Array() }), 'DTLS_NO_CERTIFICATE'],
    [T.serverHelloDone, () => new Uint8Array(1), 'DTLS_MALFORMED'],
    [T.finished, (body) => body.map((octet) => octet ^ 1), 'DTLS_BAD_FINISHED'],
    [T.finished, (body) => body.subarray(0, 11), 'DTLS_BAD_FINISHED'],
  ];
  for (const [type, change, code] of cases) {
    // Finished is sent by the client first, so there it is the server that refuses.
    expect(meet(type, change)).toEqual([type === T.finished ? 'server' : 'client', code]);
  }
});

test('a hello that offers only compression, and a cookie that is not ours, are refused by the server', () => {
  const change = (changes: object): Change => {
    return (body) => serializeClientHello({ ...parseClientHello(body), ...changes });
  };
  const compressed = change({ compressionMethods: new Uint8Array([1]) });
  expect(meet(HandshakeType.clientHello, compressed)).toEqual(['server', 'DTLS_ILLEGAL_PARAMETER']);
  const cookie = { secret: new Uint8Array(16), peer: new Uint8Array(1) };
  expect(meet(HandshakeType.clientHello, undefined, { cookie })).toBe('done');
  const forged = change({ cookie: new Uint8Array(32) });
  expect(meet(HandshakeType.clientHello, forged, { cookie })).toEqual(['server', 'DTLS_COOKIE']);
});

test('a HelloVerifyRequest without a cookie, or a second one, is refused', () => {
  const request = (cookie: Uint8Array): HandshakeMessage => ({
    type: HandshakeType.helloVerifyRequest,
    sequence: 0,
    epoch: 0,
    body: serializeHelloVerifyRequest(cookie),
  });
  const client = new ClientHandshake(session('client'));
  client.start();
  expect(() => client.receive(request(new Uint8Array()))).toThrow(DtlsError);
  client.receive(request(new Uint8Array([1])));
  expect(() => client.receive(request(new Uint8Array([2])))).toThrow(DtlsError);
});

test('a message out of its order is refused, and changes nothing', () => {
  const client = new ClientHandshake(session('client'));
  const server = new ServerHandshake(session('server'));
  client.start();
  for (const handshake of [client, server]) {
    for (const type of [0, 4, 11, 12, 13, 14, 15, 16, 20, 99]) {
      const message = { type, sequence: 0, epoch: 0 as const, body: new Uint8Array(60) };
      expect(() => handshake.receive(message)).toThrow('out of its order');
    }
  }
  expect([client.state, server.state]).toEqual(['serverHello', 'clientHello']);
});
