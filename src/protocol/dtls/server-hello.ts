// RFC 5246 section 7.4.1.3: ServerHello.
import { type Extensions, readExtensions, serializeExtensions } from './extensions.ts';
import { OctetReader } from './octet-reader.ts';
import { concat, integer, vector } from './octets.ts';

export interface ServerHello {
  version: number;
  /** 32 octets. */
  random: Uint8Array;
  sessionId: Uint8Array;
  cipherSuite: number;
  compressionMethod: number;
  extensions: Extensions;
}

export function parseServerHello(body: Uint8Array): ServerHello {
  const reader = new OctetReader(body);
  return {
    version: reader.integer(2),
    random: reader.take(32),
    sessionId: reader.vector(1, 0, 32),
    cipherSuite: reader.integer(2),
    compressionMethod: reader.integer(1),
    extensions: readExtensions(reader),
  };
}

export function serializeServerHello(hello: ServerHello): Uint8Array {
  return concat(
    integer(2, hello.version),
    hello.random,
    vector(1, hello.sessionId),
    integer(2, hello.cipherSuite),
    integer(1, hello.compressionMethod),
    serializeExtensions(hello.extensions),
  );
}
