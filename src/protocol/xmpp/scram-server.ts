// SCRAM, the server's side (RFC 5802, RFC 7677): messages in and out, all octets. Who the keys belong to is the caller's.
import { type ByteString, decodeUtf8 } from '../byte-string.ts';
import { fromBase64, type HashName, type Primitives, toBase64 } from '../primitives.ts';

/** RFC 5802 section 3. `candidates`: any of them proves it; they share salt and iterations. */
export interface ScramSecrets {
  salt: ByteString;
  iterations: number;
  candidates: ReadonlyArray<{ storedKey: ByteString; serverKey: ByteString }>;
}

/** RFC 5802 section 7: what the client says first. */
export interface ScramFirst {
  /** The name of the channel binding that it uses; undefined: none. */
  binding: string | undefined;
  /** It could, but believes that we cannot. */
  couldBind: boolean;
  authzid: string;
  username: string;
  /** Octets that are hashed or compared later. */
  header: ByteString;
  bare: ByteString;
  nonce: ByteString;
}

export interface ScramFinal {
  /** `c`: the header again, and the binding's data. */
  bound: ByteString;
  nonce: ByteString;
  proof: ByteString;
  withoutProof: ByteString;
}

/** A message longer than this is no SCRAM. */
const LONGEST = 4096;
const NONCE = /^[\x21-\x2b\x2d-\x7e]{1,256}$/;
const BASE64 = '[A-Za-z0-9+/]*={0,2}';

const FIRST = /^((?:p=([A-Za-z0-9.-]{1,64})|([ny])),(?:a=([^,]*))?,)(n=([^,]*),r=([^,]*)(?:,.*)?)$/s;
const FINAL = new RegExp(`^(c=(${BASE64}),r=([^,]*)(?:,[^,]*)*?),p=(${BASE64})$`, 's');

/** Undefined: it is none. */
export function parseScramFirst(message: ByteString): ScramFirst | undefined {
  const found = message.length > LONGEST ? null : FIRST.exec(message);
  if (found === null) return undefined;
  const [, header = '', binding, flag, authzid = '', bare = '', username = '', nonce = ''] = found;
  const names = [saslName(authzid), saslName(username)];
  if (names[0] === undefined || !names[1] || !NONCE.test(nonce)) return undefined;
  return { binding, couldBind: flag === 'y', authzid: names[0], username: names[1], header, bare, nonce };
}

export function parseScramFinal(message: ByteString): ScramFinal | undefined {
  const found = message.length > LONGEST ? null : FINAL.exec(message);
  if (found === null) return undefined;
  const [, withoutProof = '', bound = '', nonce = '', proof = ''] = found;
  const octets = [fromBase64(bound), fromBase64(proof)];
  if (octets[0] === undefined || octets[1] === undefined) return undefined;
  return { bound: octets[0], nonce, proof: octets[1], withoutProof };
}

/**
 * What the server says first; `nonce`: the client's and ours behind it. `offer`: the hash of what the client was offered,
 * which is signed with the rest (XEP-0474).
 */
export function scramChallenge(nonce: ByteString, { salt, iterations }: ScramSecrets, offer: ByteString): ByteString {
  return `r=${nonce},s=${toBase64(salt)},i=${iterations},h=${toBase64(offer)}`;
}

/** XEP-0474: a client that was shown less than this knows that somebody is between us. */
export function offerHash(
  primitives: Pick<Primitives, 'hash'>,
  hash: HashName,
  mechanisms: readonly string[],
  bindings: readonly string[],
): ByteString {
  const list = (names: readonly string[]) => [...names].sort().join('\x1e');
  return primitives.hash(hash, bindings.length === 0 ? list(mechanisms) : `${list(mechanisms)}\x1f${list(bindings)}`);
}

/** The server's signature (`v=`) where the proof is right. Every candidate is tried, whatever the others came to. */
export function verifyScram(
  primitives: Primitives,
  hash: HashName,
  secrets: ScramSecrets,
  authMessage: ByteString,
  proof: ByteString,
): ByteString | undefined {
  let answer: ByteString | undefined;
  for (const { storedKey, serverKey } of secrets.candidates) {
    const signature = primitives.hmac(hash, storedKey, authMessage);
    if (proof.length !== signature.length) return undefined;
    if (primitives.equal(primitives.hash(hash, exclusiveOr(proof, signature)), storedKey))
      answer = `v=${toBase64(primitives.hmac(hash, serverKey, authMessage))}`;
  }
  return answer;
}

/** RFC 5802 section 5.1: `=2C` and `=3D`, and no other `=`. */
function saslName(octets: ByteString): string | undefined {
  if (/=(?!2C|3D)/.test(octets)) return undefined;
  return decodeUtf8(octets.replaceAll('=2C', ',').replaceAll('=3D', '='));
}

function exclusiveOr(a: ByteString, b: ByteString): ByteString {
  let octets = '';
  for (let i = 0; i < a.length; i++) octets += String.fromCharCode(a.charCodeAt(i) ^ b.charCodeAt(i));
  return octets;
}
