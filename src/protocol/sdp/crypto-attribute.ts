// RFC 4568 section 9.1, `a=crypto` with one inline key; suites of its section 6.2 and of RFC 7714 section 14.
import type { ByteString } from '../byte-string.ts';

/** Octets of key and salt together, by suite, in the order in which they are offered. */
export const SDES_SUITES = {
  // COMPAT: baresip 1.0 cannot decrypt when a GCM suite comes before CM_80.
  AES_CM_128_HMAC_SHA1_80: 30,
  AES_CM_128_HMAC_SHA1_32: 30,
  AES_256_CM_HMAC_SHA1_80: 46,
  AES_256_CM_HMAC_SHA1_32: 46,
  AEAD_AES_128_GCM: 28,
  AEAD_AES_256_GCM: 44,
} as const;

export type SdesSuite = keyof typeof SDES_SUITES;

export interface CryptoAttribute {
  tag: number;
  suite: SdesSuite;
  /** Master key and salt, base64. */
  key: string;
  /** `2^31` or a number, as written. */
  lifetime?: string;
  mki?: { value: string; length: number };
  /** Session parameters (section 6.3), as written: KDR=n, UNENCRYPTED_SRTP, WSH=n, ... */
  parameters: readonly string[];
}

const BASE64 = /^[0-9A-Za-z+/]+={0,2}$/;

/** Undefined when it is malformed, of a suite unknown here, or has several keys: such a line is passed over (section 5.1.2). */
export function parseCrypto(value: ByteString): CryptoAttribute | undefined {
  const [tagText = '', suite = '', keys = '', ...parameters] = value.trim().split(/ +/, 20);
  if (!/^\d{1,9}$/.test(tagText) || !Object.hasOwn(SDES_SUITES, suite)) return undefined;
  if (!/^inline:/i.test(keys) || keys.includes(';')) return undefined;
  const [key = '', ...more] = keys.slice('inline:'.length).split('|', 4);
  const octets = SDES_SUITES[suite as SdesSuite];
  // COMPAT: padding is left out by some phones (it is mandatory, section 9.2).
  if (!BASE64.test(key) || Math.floor((key.replace(/=+$/, '').length * 3) / 4) !== octets) return undefined;
  const crypto: CryptoAttribute = { tag: Number(tagText), suite: suite as SdesSuite, key, parameters };
  for (const part of more) {
    const mki = /^(\d{1,39}):(\d{1,3})$/.exec(part);
    if (mki) crypto.mki = { value: mki[1] as string, length: Number(mki[2]) };
    else if (/^(2\^)?\d{1,20}$/.test(part)) crypto.lifetime = part;
    else return undefined;
  }
  return crypto;
}

export function serializeCrypto(crypto: CryptoAttribute): ByteString {
  let text = `${crypto.tag} ${crypto.suite} inline:${crypto.key}`;
  if (crypto.lifetime !== undefined) text += `|${crypto.lifetime}`;
  if (crypto.mki) text += `|${crypto.mki.value}:${crypto.mki.length}`;
  return [text, ...crypto.parameters].join(' ');
}

/** Whether a line can be taken: no MKI, and no session parameter that changes the packets (section 6.3: those are mandatory). */
export function isPlainCrypto(crypto: CryptoAttribute): boolean {
  // WSH is the receiver's hint; a parameter with `-` before it may be ignored (section 6.3.7).
  return crypto.mki === undefined && crypto.parameters.every((parameter) => /^(WSH=|-)/i.test(parameter));
}
