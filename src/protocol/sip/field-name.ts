/**
 * Header field names (RFC 3261 section 7.3.1): case-insensitive, with one-letter compact forms (section 7.3.3 and the
 * IANA registry). The canonical name is the lower-case long form; what was received keeps its spelling on the wire.
 */
export type FieldName = string;

/**
 * Every name this core knows, as literals: V8 compares two internalised strings by address, so the field a message asks
 * for is found without comparing characters.
 */
const NAMES: readonly FieldName[] = [
  // RFC 3261
  'accept',
  'accept-encoding',
  'accept-language',
  'alert-info',
  'allow',
  'authentication-info',
  'authorization',
  'call-id',
  'call-info',
  'contact',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-type',
  'cseq',
  'date',
  'error-info',
  'expires',
  'from',
  'in-reply-to',
  'max-forwards',
  'mime-version',
  'min-expires',
  'organization',
  'priority',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-require',
  'record-route',
  'reply-to',
  'require',
  'retry-after',
  'route',
  'server',
  'subject',
  'supported',
  'timestamp',
  'to',
  'unsupported',
  'user-agent',
  'via',
  'warning',
  'www-authenticate',
  // RFC 3262, 6665, 3325, 3326, 3327, 3515, 3608, 3841, 3891, 3892, 3903, 4028, 4488, 5626, 6086, 8224 and kin
  'rack',
  'rseq',
  'event',
  'allow-events',
  'subscription-state',
  'p-asserted-identity',
  'p-preferred-identity',
  'privacy',
  'reason',
  'path',
  'refer-to',
  'refer-sub',
  'service-route',
  'accept-contact',
  'reject-contact',
  'request-disposition',
  'replaces',
  'referred-by',
  'sip-etag',
  'sip-if-match',
  'session-expires',
  'min-se',
  'flow-timer',
  'info-package',
  'recv-info',
  'history-info',
  'target-dialog',
  'join',
  'identity',
  'identity-info',
  'max-breadth',
  'p-associated-uri',
  'security-client',
  'security-server',
  'security-verify',
];

const COMPACT: Readonly<Record<string, FieldName>> = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  d: 'request-disposition',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  j: 'reject-contact',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  n: 'identity-info',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
};

/** Names whose usual spelling is not each word with a capital. */
const SPELLINGS: Readonly<Record<FieldName, string>> = {
  'call-id': 'Call-ID',
  cseq: 'CSeq',
  'mime-version': 'MIME-Version',
  'www-authenticate': 'WWW-Authenticate',
  rack: 'RAck',
  rseq: 'RSeq',
  'sip-etag': 'SIP-ETag',
  'sip-if-match': 'SIP-If-Match',
  'min-se': 'Min-SE',
};

const SPELLED = new Map<FieldName, string>();
const CANONICAL = new Map<string, FieldName>();
/** The usual spellings of at most 31 characters by `place()`. */
const USUAL: { spelled: string; name: FieldName }[][] = Array.from({ length: 1024 }, () => []);
for (const name of NAMES) {
  const spelled = SPELLINGS[name] ?? capitalised(name);
  SPELLED.set(name, spelled);
  if (spelled.length < 32) USUAL[place(spelled.length, spelled.charCodeAt(0))]!.push({ spelled, name });
  CANONICAL.set(name, name);
  CANONICAL.set(spelled, name);
}
for (const [letter, name] of Object.entries(COMPACT)) {
  CANONICAL.set(letter, name);
  CANONICAL.set(letter.toUpperCase(), name);
}

/** By length and first letter: seldom do two names share a place. */
function place(length: number, first: number): number {
  return ((length & 31) << 5) | (first & 31);
}

function capitalised(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

/** The name as this core writes it: `call-id` is `Call-ID`, `x-thing` is `X-Thing`. */
export function spelledName(name: FieldName): string {
  return SPELLED.get(name) ?? capitalised(name);
}

/** `v`, `VIA` and `Via` are all `via`. */
export function canonicalName(name: string): FieldName {
  const known = CANONICAL.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  return CANONICAL.get(lower) ?? lower;
}

/** The same of a part of a text: the usual spelling is found without cutting it out and hashing it. */
export function canonicalNameAt(text: string, start: number, end: number): FieldName {
  const length = end - start;
  for (const { spelled, name } of USUAL[place(length, text.charCodeAt(start))]!)
    if (spelled.length === length && text.startsWith(spelled, start)) return name;
  return canonicalName(text.slice(start, end));
}
