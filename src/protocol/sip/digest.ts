import type { ByteString } from '../byte-string.ts';
import type { HashName, Primitives } from '../primitives.ts';
import { toHex } from '../primitives.ts';
import { is, isToken, malformed, quote, quotedEnd, skipSpace, TOKEN, unquote } from './lexis.ts';

/**
 * Digest access authentication: the grammar of challenges and credentials (RFC 3261 section 25.1 and RFC 7616 section 3,
 * as RFC 8760 brings it into SIP) and the computation of a response. The two sides are digest-client.ts and
 * digest-verifier.ts.
 */
export type DigestAlgorithm = 'MD5' | 'SHA-256' | 'SHA-512-256';

const HASHES: Readonly<Record<DigestAlgorithm, HashName>> = {
  MD5: 'md5',
  'SHA-256': 'sha256',
  'SHA-512-256': 'sha512-256',
};

/** A name of an algorithm in any case, absent means MD5; undefined for one that is not known here (the -sess ones). */
export function digestAlgorithm(name: string | undefined): DigestAlgorithm | undefined {
  const upper = (name ?? 'MD5').toUpperCase();
  return upper in HASHES ? (upper as DigestAlgorithm) : undefined;
}

export interface DigestChallenge {
  realm: ByteString;
  nonce: ByteString;
  /** As named by the server. */
  algorithm?: string;
  /** Empty for a server of RFC 2069. */
  qop: string[];
  opaque?: ByteString;
  stale: boolean;
}

export interface DigestCredentials {
  username: ByteString;
  realm: ByteString;
  nonce: ByteString;
  uri: ByteString;
  response: string;
  algorithm?: string;
  qop?: string;
  cnonce?: ByteString;
  /** Nonce count. */
  nc?: number;
  opaque?: ByteString;
}

const MOST_PARAMETERS = 32;

/** `auth-scheme 1*SP auth-param *( COMMA auth-param )`; undefined for another scheme than Digest (RFC 4475 regaut01). */
function parseDigest(value: ByteString, what: string): Map<string, ByteString> | undefined {
  let at = skipSpace(value, 0);
  if (value.slice(at, at + 6).toLowerCase() !== 'digest') return undefined;
  at += 6;
  if (skipSpace(value, at) === at) return undefined;
  const parameters = new Map<string, ByteString>();
  for (;;) {
    at = skipSpace(value, at);
    const start = at;
    while (at < value.length && is(value.charCodeAt(at), TOKEN)) at++;
    const name = value.slice(start, at).toLowerCase();
    at = skipSpace(value, at);
    if (name === '' || value.charCodeAt(at) !== 61) throw malformed(what);
    at = skipSpace(value, at + 1);
    const from = at;
    if (value.charCodeAt(at) === 34) {
      at = quotedEnd(value, at);
      if (at === -1) throw malformed(what);
    } else {
      // COMPAT: some phones leave the quotes of a URI or a base64 nonce out.
      while (at < value.length && value.charCodeAt(at) !== 44 && value.charCodeAt(at) > 32) at++;
    }
    if (at === from || parameters.has(name) || parameters.size === MOST_PARAMETERS) throw malformed(what);
    parameters.set(name, unquote(value.slice(from, at)));
    at = skipSpace(value, at);
    if (at === value.length) return parameters;
    if (value.charCodeAt(at) !== 44) throw malformed(what);
    at++;
  }
}

/** One WWW-Authenticate or Proxy-Authenticate value (one challenge a field in SIP). Undefined: not Digest. */
export function parseChallenge(value: ByteString): DigestChallenge | undefined {
  const parameters = parseDigest(value, 'challenge');
  if (!parameters) return undefined;
  const realm = parameters.get('realm');
  const nonce = parameters.get('nonce');
  if (realm === undefined || nonce === undefined) throw malformed('challenge');
  const challenge: DigestChallenge = {
    realm,
    nonce,
    qop: (parameters.get('qop') ?? '')
      .toLowerCase()
      .split(/[ \t,]+/)
      .filter(Boolean),
    stale: parameters.get('stale')?.toLowerCase() === 'true',
  };
  const algorithm = parameters.get('algorithm');
  if (algorithm !== undefined) challenge.algorithm = algorithm;
  const opaque = parameters.get('opaque');
  if (opaque !== undefined) challenge.opaque = opaque;
  return challenge;
}

/** qop is quoted in a challenge and bare in credentials, algorithm and stale are bare in both (RFC 7616 section 3.3, 3.4). */
export function serializeChallenge(challenge: DigestChallenge): ByteString {
  let value = `Digest realm=${quote(challenge.realm)}, nonce=${quote(challenge.nonce)}`;
  if (challenge.opaque !== undefined) value += `, opaque=${quote(challenge.opaque)}`;
  if (challenge.stale) value += ', stale=true';
  if (challenge.algorithm !== undefined) value += `, algorithm=${challenge.algorithm}`;
  if (challenge.qop.length > 0) value += `, qop=${quote(challenge.qop.join(','))}`;
  return value;
}

/** One Authorization or Proxy-Authorization value. Undefined: not Digest; throws 400 when it is, but broken. */
export function parseCredentials(value: ByteString): DigestCredentials | undefined {
  const parameters = parseDigest(value, 'credentials');
  if (!parameters) return undefined;
  const username = parameters.get('username');
  const realm = parameters.get('realm');
  const nonce = parameters.get('nonce');
  const uri = parameters.get('uri');
  const response = parameters.get('response');
  if (username === undefined || realm === undefined || nonce === undefined || uri === undefined)
    throw malformed('credentials');
  if (response === undefined || !/^[0-9a-f]{32,128}$/i.test(response)) throw malformed('credentials');
  const credentials: DigestCredentials = { username, realm, nonce, uri, response: response.toLowerCase() };
  const algorithm = parameters.get('algorithm');
  if (algorithm !== undefined) credentials.algorithm = algorithm;
  const opaque = parameters.get('opaque');
  if (opaque !== undefined) credentials.opaque = opaque;
  const qop = parameters.get('qop');
  if (qop === undefined) return credentials;
  const cnonce = parameters.get('cnonce');
  const nc = parameters.get('nc');
  if (cnonce === undefined || nc === undefined || !/^[0-9a-f]{8}$/i.test(nc)) throw malformed('credentials');
  credentials.qop = qop.toLowerCase();
  credentials.cnonce = cnonce;
  credentials.nc = Number.parseInt(nc, 16);
  return credentials;
}

export function nonceCount(nc: number): string {
  return nc.toString(16).padStart(8, '0');
}

export function serializeCredentials(credentials: DigestCredentials): ByteString {
  let value = `Digest username=${quote(credentials.username)}, realm=${quote(credentials.realm)}`;
  value += `, nonce=${quote(credentials.nonce)}, uri=${quote(credentials.uri)}, response="${credentials.response}"`;
  if (credentials.algorithm !== undefined) value += `, algorithm=${credentials.algorithm}`;
  if (credentials.opaque !== undefined) value += `, opaque=${quote(credentials.opaque)}`;
  if (credentials.qop === undefined) return value;
  if (!isToken(credentials.qop)) throw new RangeError('Not a qop');
  const { qop, nc = 1, cnonce = '' } = credentials;
  return `${value}, qop=${qop}, nc=${nonceCount(nc)}, cnonce=${quote(cnonce)}`;
}

/** H(username ":" realm ":" password), in hexadecimal: what a server keeps instead of the password (RFC 7616 section 3.4.2). */
export function digestHa1(
  primitives: Primitives,
  algorithm: DigestAlgorithm,
  username: ByteString,
  realm: ByteString,
  password: ByteString,
): string {
  return toHex(primitives.hash(HASHES[algorithm], `${username}:${realm}:${password}`));
}

/** The response parameter (RFC 7616 section 3.4.1): with qop, or as RFC 2069 had it without. */
export function digestResponse(
  primitives: Primitives,
  input: {
    algorithm: DigestAlgorithm;
    ha1: string;
    method: string;
    uri: ByteString;
    nonce: ByteString;
    qop?: string;
    nc?: number;
    cnonce?: ByteString;
  },
): string {
  const hash = HASHES[input.algorithm];
  const ha2 = toHex(primitives.hash(hash, `${input.method}:${input.uri}`));
  const { ha1, nonce, qop, nc = 0, cnonce = '' } = input;
  const data = qop === undefined ? nonce : `${nonce}:${nonceCount(nc)}:${cnonce}:${qop}`;
  return toHex(primitives.hash(hash, `${ha1}:${data}:${ha2}`));
}
