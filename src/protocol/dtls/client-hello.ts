// RFC 6347 section 4.2.1 and RFC 5246 section 7.4.1.2: ClientHello, HelloVerifyRequest and the cookie between them.
import type { DtlsCrypto } from './crypto-port.ts';
import { type Extensions, readExtensions, serializeExtensions } from './extensions.ts';
import { OctetReader } from './octet-reader.ts';
import { concat, integer, numbers, vector } from './octets.ts';
import { DTLS_1_0 } from './record-layer.ts';

export interface ClientHello {
  version: number;
  /** 32 octets. */
  random: Uint8Array;
  sessionId: Uint8Array;
  cookie: Uint8Array;
  cipherSuites: readonly number[];
  compressionMethods: Uint8Array;
  extensions: Extensions;
}

export function parseClientHello(body: Uint8Array): ClientHello {
  const reader = new OctetReader(body);
  return {
    version: reader.integer(2),
    random: reader.take(32),
    sessionId: reader.vector(1, 0, 32),
    cookie: reader.vector(1, 0, 255),
    cipherSuites: reader.numbers(2, 2, 0xfffe),
    compressionMethods: reader.vector(1, 1, 255),
    extensions: readExtensions(reader),
  };
}

export function serializeClientHello(hello: ClientHello): Uint8Array {
  return concat(
    integer(2, hello.version),
    hello.random,
    vector(1, hello.sessionId),
    vector(1, hello.cookie),
    vector(2, numbers(hello.cipherSuites)),
    vector(1, hello.compressionMethods),
    serializeExtensions(hello.extensions),
  );
}

/** The cookie. */
export function parseHelloVerifyRequest(body: Uint8Array): Uint8Array {
  const reader = new OctetReader(body);
  reader.integer(2); // section 4.2.1: its version says nothing about what will be negotiated
  const cookie = reader.vector(1, 0, 255);
  reader.end();
  return cookie;
}

export function serializeHelloVerifyRequest(cookie: Uint8Array): Uint8Array {
  return concat(integer(2, DTLS_1_0), vector(1, cookie));
}

export interface CookieSettings {
  /** At least 16 random octets, the same for every endpoint of a server. */
  secret: Uint8Array;
  /** Address and port of the peer, in any form that differs between peers. */
  peer: Uint8Array;
}

/** Cookie = HMAC(Secret, Client-IP, Client-Parameters): nothing is kept until it comes back. */
export function cookieFor(crypto: DtlsCrypto, settings: CookieSettings, hello: ClientHello): Uint8Array {
  const parameters = serializeClientHello({ ...hello, cookie: new Uint8Array() });
  return crypto.hmacSha256(settings.secret, concat(vector(2, settings.peer), parameters));
}
