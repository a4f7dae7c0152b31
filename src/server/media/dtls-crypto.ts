// The cryptography of DTLS (src/protocol/dtls/crypto-port.ts) on node:crypto.
import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
  X509Certificate,
} from 'node:crypto';
import type { Aead, DtlsCrypto, KeyPair, KeyType, LocalCertificate } from '../../protocol/dtls/crypto-port.ts';

const TAG = 16;
/** By their length in octets. */
const DIGESTS: ReadonlyMap<number, string> = new Map([
  [20, 'sha1'],
  [28, 'sha224'],
  [32, 'sha256'],
  [48, 'sha384'],
  [64, 'sha512'],
]);
/** Below, a key is within reach of whoever wants it; above, one verification costs a stranger's wish of our time. */
const RSA_BITS = { least: 2048, most: 8192 };

export const nodeDtlsCrypto: DtlsCrypto = {
  random: (length) => randomBytes(length),
  sha256: (octets) => createHash('sha256').update(octets).digest(),
  digest(octets, length) {
    const name = DIGESTS.get(length);
    return name === undefined ? undefined : createHash(name).update(octets).digest();
  },
  hmacSha256: (key, octets) => createHmac('sha256', key).update(octets).digest(),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
  generateKeyPair: (group) => (group === 'x25519' ? x25519() : secp256r1()),
  aead: aes128Gcm,
  certificateKey: (der) => publicKeyOf(der)?.keyType,
  verify(der, octets, signature) {
    const found = publicKeyOf(der);
    return found !== undefined && verify('sha256', octets, found.key, signature);
  },
};

/** This side's certificate: DER, and the private key that belongs to it. */
export function localCertificate(der: Uint8Array, privateKey: KeyObject): LocalCertificate {
  const found = publicKeyOf(der);
  if (!found) throw new Error('A DTLS certificate holds an ECDSA key on P-256 or an RSA key of 2048 bits and more.');
  if (!createPublicKey(privateKey).equals(found.key))
    throw new Error('The private key is not that of the certificate.');
  return { der, keyType: found.keyType, sign: (octets) => sign('sha256', octets, privateKey) };
}

function publicKeyOf(der: Uint8Array): { key: KeyObject; keyType: KeyType } | undefined {
  try {
    const key = new X509Certificate(der).publicKey;
    const details = key.asymmetricKeyDetails ?? {};
    if (key.asymmetricKeyType === 'ec' && details.namedCurve === 'prime256v1') return { key, keyType: 'ecdsa' };
    const bits = details.modulusLength ?? 0;
    const sane = bits >= RSA_BITS.least && bits <= RSA_BITS.most && (details.publicExponent ?? 0n) <= 0xffffffffn;
    return key.asymmetricKeyType === 'rsa' && sane ? { key, keyType: 'rsa' } : undefined;
  } catch {
    return undefined; // no certificate at all, or of a key that OpenSSL does not know
  }
}

/** What wraps a raw X25519 key as SubjectPublicKeyInfo (RFC 8410 section 4). */
const X25519_SPKI = Buffer.from('302a300506032b656e032100', 'hex');

function x25519(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).subarray(X25519_SPKI.length),
    derive(peer) {
      if (peer.length !== 32) return undefined;
      try {
        const key = createPublicKey({ key: Buffer.concat([X25519_SPKI, peer]), format: 'der', type: 'spki' });
        return diffieHellman({ privateKey, publicKey: key }); // throws for a point of small order (RFC 8422 section 5.11)
      } catch {
        return undefined;
      }
    },
  };
}

function secp256r1(): KeyPair {
  const pair = createECDH('prime256v1');
  return {
    publicKey: pair.generateKeys(),
    derive(peer) {
      if (peer.length !== 65 || peer[0] !== 4) return undefined;
      try {
        return pair.computeSecret(peer); // throws for a point that is not on the curve
      } catch {
        return undefined;
      }
    },
  };
}

function aes128Gcm(key: Uint8Array): Aead {
  return {
    seal(nonce, additional, plaintext) {
      const cipher = createCipheriv('aes-128-gcm', key, nonce, { authTagLength: TAG });
      cipher.setAAD(additional);
      return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    },
    open(nonce, additional, sealed) {
      const end = sealed.length - TAG;
      if (end < 0) return undefined;
      const decipher = createDecipheriv('aes-128-gcm', key, nonce, { authTagLength: TAG });
      decipher.setAAD(additional);
      decipher.setAuthTag(sealed.subarray(end));
      try {
        return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
      } catch {
        return undefined;
      }
    },
  };
}
