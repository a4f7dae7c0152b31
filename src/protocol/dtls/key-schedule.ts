// RFC 5246 sections 6.3, 7.4.9 and 8.1, RFC 7627 section 4, RFC 5705: every secret of a session, from the shared one.
import type { DtlsCrypto } from './crypto-port.ts';
import { concat } from './octets.ts';
import { prf } from './prf.ts';
import type { WriteKey } from './record-layer.ts';
import { keyingMaterialLength, type SrtpProfile } from './srtp-profile.ts';

export interface Randoms {
  client: Uint8Array;
  server: Uint8Array;
}

/** RFC 7627: bound to the hash of all messages up to ClientKeyExchange. */
export function extendedMasterSecret(crypto: DtlsCrypto, shared: Uint8Array, sessionHash: Uint8Array): Uint8Array {
  return prf(crypto, shared, 'extended master secret', sessionHash, 48);
}

/** RFC 5246 section 8.1: bound to the randoms only. */
export function plainMasterSecret(crypto: DtlsCrypto, shared: Uint8Array, randoms: Randoms): Uint8Array {
  return prf(crypto, shared, 'master secret', concat(randoms.client, randoms.server), 48);
}

/** The write keys of both sides: two AES-128 keys, then two implicit nonces (RFC 5288 section 3). */
export function writeKeys(
  crypto: DtlsCrypto,
  master: Uint8Array,
  randoms: Randoms,
): { client: WriteKey; server: WriteKey } {
  const block = prf(crypto, master, 'key expansion', concat(randoms.server, randoms.client), 40);
  return {
    client: { aead: crypto.aead(block.subarray(0, 16)), salt: block.subarray(32, 36) },
    server: { aead: crypto.aead(block.subarray(16, 32)), salt: block.subarray(36, 40) },
  };
}

/** verify_data of Finished. */
export function verifyData(
  crypto: DtlsCrypto,
  master: Uint8Array,
  sender: 'client' | 'server',
  transcriptHash: Uint8Array,
): Uint8Array {
  return prf(crypto, master, `${sender} finished`, transcriptHash, 12);
}

/** RFC 5764 section 4.2: the exporter without a context. */
export function srtpKeyingMaterial(
  crypto: DtlsCrypto,
  master: Uint8Array,
  randoms: Randoms,
  profile: SrtpProfile,
): Uint8Array {
  const seed = concat(randoms.client, randoms.server);
  return prf(crypto, master, 'EXTRACTOR-dtls_srtp', seed, keyingMaterialLength(profile));
}
