// RFC 3711 section 3.2.3: one direction of an SRTP session, under one master key.

import { CounterMode } from './counter-mode.ts';
import type { SrtpCrypto } from './crypto-port.ts';
import { GaloisCounterMode } from './gcm.ts';
import { deriveSessionKeys } from './key-derivation.ts';
import { type MasterKeys, PROFILES, type SrtpProfile } from './profile.ts';
import type { Transform } from './transform.ts';

export interface SrtpOptions {
  crypto: SrtpCrypto;
  profile: SrtpProfile;
  /** Of this direction: who sends and who receives have different ones. */
  master: MasterKeys;
  /** SSRCs at most, of RTP and of RTCP each. Default 256: some 200 octets each, and up to 4 KB of keystream. */
  sources?: number;
}

export const DEFAULT_SOURCES = 256;

export function createTransform({ crypto, profile, master }: SrtpOptions): Transform {
  const rtp = deriveSessionKeys(crypto, profile, 'rtp', master);
  const rtcp = deriveSessionKeys(crypto, profile, 'rtcp', master);
  return profile === 'SRTP_AEAD_AES_128_GCM'
    ? new GaloisCounterMode(crypto, rtp, rtcp)
    : new CounterMode(crypto, PROFILES[profile], rtp, rtcp);
}
