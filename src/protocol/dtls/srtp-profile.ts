// RFC 5764 section 4.1.2 and RFC 7714 section 14.2: SRTP protection profiles, and the keys that DTLS gives them.
import { OctetReader } from './octet-reader.ts';
import { concat, integer, numbers, vector } from './octets.ts';

export type SrtpProfile = 'SRTP_AES128_CM_HMAC_SHA1_80' | 'SRTP_AEAD_AES_128_GCM';

const PROFILES: Record<SrtpProfile, { id: number; key: number; salt: number }> = {
  SRTP_AES128_CM_HMAC_SHA1_80: { id: 0x0001, key: 16, salt: 14 },
  SRTP_AEAD_AES_128_GCM: { id: 0x0007, key: 16, salt: 12 },
};

export interface SrtpKeys {
  key: Uint8Array;
  salt: Uint8Array;
}

/** How many octets the exporter yields for this profile: two keys and two salts. */
export function keyingMaterialLength(profile: SrtpProfile): number {
  return 2 * (PROFILES[profile].key + PROFILES[profile].salt);
}

/** RFC 5764 section 4.2: client key, server key, client salt, server salt. */
export function splitKeyingMaterial(
  profile: SrtpProfile,
  role: 'client' | 'server',
  material: Uint8Array,
): { local: SrtpKeys; remote: SrtpKeys } {
  const { key, salt } = PROFILES[profile];
  const client = { key: material.subarray(0, key), salt: material.subarray(2 * key, 2 * key + salt) };
  const server = {
    key: material.subarray(key, 2 * key),
    salt: material.subarray(2 * key + salt, 2 * (key + salt)),
  };
  return role === 'client' ? { local: client, remote: server } : { local: server, remote: client };
}

export interface UseSrtp {
  profiles: number[];
  /** Master key identifier; this side never uses one. */
  mki: Uint8Array;
}

/** UseSRTPData, the body of the use_srtp extension. */
export function parseUseSrtp(body: Uint8Array): UseSrtp {
  const reader = new OctetReader(body);
  const profiles = reader.numbers(2, 2, 0xffff);
  const mki = reader.vector(1, 0, 255);
  reader.end();
  return { profiles, mki };
}

export function serializeUseSrtp(profiles: readonly SrtpProfile[]): Uint8Array {
  return concat(vector(2, numbers(profiles.map((profile) => PROFILES[profile].id))), integer(1, 0));
}

/** The first profile of ours that the peer has too. */
export function selectProfile(ours: readonly SrtpProfile[], theirs: readonly number[]): SrtpProfile | undefined {
  return ours.find((profile) => theirs.includes(PROFILES[profile].id));
}
