// RFC 5764 section 4.1.2 and RFC 7714 section 14.2, by the names of DTLS-SRTP; RFC 4568 has its own for SDES.

export type SrtpProfile = 'SRTP_AES128_CM_HMAC_SHA1_80' | 'SRTP_AES128_CM_HMAC_SHA1_32' | 'SRTP_AEAD_AES_128_GCM';

export interface ProfileParameters {
  /** Octets of the master key, the master salt, and the tag of SRTP and of SRTCP. */
  key: number;
  salt: number;
  tag: number;
  rtcpTag: number;
}

export const PROFILES: Readonly<Record<SrtpProfile, ProfileParameters>> = {
  SRTP_AES128_CM_HMAC_SHA1_80: { key: 16, salt: 14, tag: 10, rtcpTag: 10 },
  // RFC 3711 section 5.2, RFC 5764 section 4.1.2: the tag of SRTCP is never cut to 32 bits.
  SRTP_AES128_CM_HMAC_SHA1_32: { key: 16, salt: 14, tag: 4, rtcpTag: 10 },
  SRTP_AEAD_AES_128_GCM: { key: 16, salt: 12, tag: 16, rtcpTag: 16 },
};

/** The crypto suites of RFC 4568 section 6.2 and RFC 7714 section 14.1, as `a=crypto` names them. */
const CRYPTO_SUITES: ReadonlyMap<string, SrtpProfile> = new Map([
  ['AES_CM_128_HMAC_SHA1_80', 'SRTP_AES128_CM_HMAC_SHA1_80'],
  ['AES_CM_128_HMAC_SHA1_32', 'SRTP_AES128_CM_HMAC_SHA1_32'],
  ['AEAD_AES_128_GCM', 'SRTP_AEAD_AES_128_GCM'],
]);

/** Undefined: a suite that is unknown here. */
export function profileOfSuite(suite: string): SrtpProfile | undefined {
  return CRYPTO_SUITES.get(suite);
}

/** Octets that a protected packet has beyond the plain one, at most: the tag, and the index of SRTCP. */
export const MOST_GROWTH = 20;

/** A master key and its salt, of one direction. */
export interface MasterKeys {
  key: Uint8Array;
  salt: Uint8Array;
}
