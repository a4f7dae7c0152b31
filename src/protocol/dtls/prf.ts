// RFC 5246 section 5: the pseudorandom function of TLS 1.2, P_SHA256.
import type { DtlsCrypto } from './crypto-port.ts';
import { ascii, concat } from './octets.ts';

/** PRF(secret, label, seed), `length` octets. */
export function prf(
  crypto: Pick<DtlsCrypto, 'hmacSha256'>,
  secret: Uint8Array,
  label: string,
  seed: Uint8Array,
  length: number,
): Uint8Array {
  const labelled = concat(ascii(label), seed);
  const output = new Uint8Array(length);
  let a = labelled;
  for (let at = 0; at < length; at += 32) {
    a = crypto.hmacSha256(secret, a);
    const block = crypto.hmacSha256(secret, concat(a, labelled));
    output.set(block.subarray(0, Math.min(32, length - at)), at);
  }
  return output;
}
