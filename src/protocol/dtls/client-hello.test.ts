import { expect, test } from 'vitest';
import { nodeDtlsCrypto } from '../../server/media/dtls-crypto.ts';
import {
  type ClientHello,
  cookieFor,
  parseClientHello,
  parseHelloVerifyRequest,
  serializeClientHello,
  serializeHelloVerifyRequest,
} from './client-hello.ts';
import { DtlsError } from './dtls-error.ts';
import { readExtensions } from './extensions.ts';
import { OctetReader } from './octet-reader.ts';
import { concat, integer, vector } from './octets.ts';

const HELLO: ClientHello = {
  version: 0xfefd,
  random: new Uint8Array(32).fill(1),
  sessionId: new Uint8Array([1, 2]),
  cookie: new Uint8Array([3]),
  cipherSuites: [0xc02b, 0xc02f],
  compressionMethods: new Uint8Array(1),
  extensions: new Map([
    [14, new Uint8Array([0, 2, 0, 1, 0])],
    [23, new Uint8Array()],
  ]),
};

test('a hello is read as it was written', () => {
  expect(parseClientHello(serializeClientHello(HELLO))).toEqual(HELLO);
  expect([...parseHelloVerifyRequest(serializeHelloVerifyRequest(HELLO.cookie))]).toEqual([3]);
});

test('a hello that is cut anywhere is malformed, except where its extensions would begin', () => {
  const octets = serializeClientHello(HELLO);
  const start = serializeClientHello({ ...HELLO, extensions: new Map() }).length - 2;
  for (let length = 0; length < octets.length; length++) {
    if (length === start) continue;
    expect(() => parseClientHello(octets.subarray(0, length))).toThrow(DtlsError);
  }
});

test('extensions that come twice, or in crowds, are malformed', () => {
  const extension = (type: number): Uint8Array => concat(integer(2, type), vector(2));
  const list = (...types: number[]): OctetReader => new OctetReader(vector(2, ...types.map(extension)));
  expect(readExtensions(list(1, 2, 3)).size).toBe(3);
  expect(() => readExtensions(list(1, 2, 1))).toThrow(DtlsError);
  expect(() => readExtensions(list(...Array.from({ length: 65 }, (_, i) => i)))).toThrow(DtlsError);
});

test('a cookie holds for one peer and one hello only, whatever cookie the hello has', () => {
  const settings = { secret: new Uint8Array(16), peer: new Uint8Array([127, 0, 0, 1]) };
  const cookie = cookieFor(nodeDtlsCrypto, settings, HELLO);
  expect(cookieFor(nodeDtlsCrypto, settings, { ...HELLO, cookie: new Uint8Array() })).toEqual(cookie);
  expect(cookieFor(nodeDtlsCrypto, settings, { ...HELLO, random: new Uint8Array(32) })).not.toEqual(cookie);
  expect(cookieFor(nodeDtlsCrypto, { ...settings, peer: new Uint8Array([1]) }, HELLO)).not.toEqual(cookie);
  expect(cookieFor(nodeDtlsCrypto, { ...settings, secret: new Uint8Array(16).fill(1) }, HELLO)).not.toEqual(cookie);
});
