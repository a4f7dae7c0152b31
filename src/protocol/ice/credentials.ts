// RFC 8445 section 5.3: the user name fragment and password of one side; RFC 8839 section 5.4 for their characters.
import type { ByteString } from '../byte-string.ts';
import { type Primitives, toBase64 } from '../primitives.ts';

export interface IceCredentials {
  /** `a=ice-ufrag`. */
  ufrag: ByteString;
  /** `a=ice-pwd`. */
  password: ByteString;
}

/** Octets of a CSPRNG: 48 bits, where 24 would do, so that one port serves many sessions; and 144, where 128 are asked for. */
const UFRAG = 6;
const PASSWORD = 18;

/** Base64's alphabet is just that of ice-char, and these lengths need no padding. */
export function createCredentials(primitives: Primitives): IceCredentials {
  return { ufrag: toBase64(primitives.random(UFRAG)), password: toBase64(primitives.random(PASSWORD)) };
}

/** `ice-ufrag = 4*256ice-char`. */
export function isUfrag(text: ByteString): boolean {
  return /^[A-Za-z0-9+/]{4,256}$/.test(text);
}

/** `ice-pwd = 22*256ice-char`. */
export function isPassword(text: ByteString): boolean {
  return /^[A-Za-z0-9+/]{22,256}$/.test(text);
}
