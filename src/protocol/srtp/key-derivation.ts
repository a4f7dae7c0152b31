// RFC 3711 section 4.3: session keys from a master key, at a key derivation rate of 0; RFC 7714 section 11 for GCM.
import type { BlockCipher, SrtpCrypto } from './crypto-port.ts';
import { type MasterKeys, PROFILES, type SrtpProfile } from './profile.ts';

/** Section 4.3.1 and 4.3.2. */
const LABEL = { rtp: { key: 0, mac: 1, salt: 2 }, rtcp: { key: 3, mac: 4, salt: 5 } } as const;
const MAC_KEY = 20;
/** Where the label meets the salt in PRF_n's 14 octets: before the 48 bits of r, which is 0. */
const LABEL_PLACE = 7;

export interface SessionKeys {
  key: Uint8Array;
  salt: Uint8Array;
  /** Empty with GCM. */
  mac: Uint8Array;
}

/** Throws RangeError: the master key or salt has not the profile's length. */
export function deriveSessionKeys(
  crypto: SrtpCrypto,
  profile: SrtpProfile,
  use: 'rtp' | 'rtcp',
  master: MasterKeys,
): SessionKeys {
  const { key, salt } = PROFILES[profile];
  if (master.key.length !== key || master.salt.length !== salt) {
    throw new RangeError(`${profile} has a master key of ${key} octets and a salt of ${salt}.`);
  }
  const cipher = crypto.aes128(master.key);
  const label = LABEL[use];
  return {
    key: derive(cipher, master.salt, label.key, key),
    salt: derive(cipher, master.salt, label.salt, salt),
    mac: profile === 'SRTP_AEAD_AES_128_GCM' ? new Uint8Array() : derive(cipher, master.salt, label.mac, MAC_KEY),
  };
}

/** Section 4.3.3: `length` octets of AES in counter mode under the master key; a salt of 12 octets is padded with zeros. */
export function derive(cipher: BlockCipher, masterSalt: Uint8Array, label: number, length: number): Uint8Array {
  const counters = new Uint8Array(16 * Math.ceil(length / 16));
  for (let at = 0, block = 0; at < counters.length; at += 16, block++) {
    counters.set(masterSalt, at);
    counters[at + LABEL_PLACE] = counters[at + LABEL_PLACE]! ^ label;
    counters[at + 15] = block;
  }
  return cipher.encrypt(counters).slice(0, length);
}
