import { type ByteString, decodeUtf8, encodeUtf8 } from '../protocol/byte-string.ts';
import type { NameAddress } from '../protocol/sip/name-address.ts';
import { parseUri, unescapeUri } from '../protocol/sip/uri.ts';
import { ClientError } from './errors.ts';

/** The other side of a call or message, in a form for people. */
export interface Peer {
  /** As on the wire. */
  uri: string;
  /** Decoded; empty when the URI has none. */
  user: string;
  host: string;
  /** The display name if it gave one, else the user, else the host. It is the other side's own claim. */
  name: string;
}

export function describePeer(address: Pick<NameAddress, 'uri' | 'display'>): Peer {
  let user = '';
  let host = '';
  try {
    const uri = parseUri(address.uri);
    user = decodeUtf8(unescapeUri(uri.user ?? '')) ?? uri.user ?? '';
    host = uri.host;
  } catch {
    // another scheme (tel:, urn:): shown as it is
  }
  const display = address.display === undefined ? '' : (decodeUtf8(address.display) ?? '');
  return { uri: address.uri, user, host, name: plain(display) || plain(user) || host || plain(address.uri) };
}

/** A stranger wrote it: no control characters, none that turn the direction of what is written beside it, and not for ever. */
function plain(text: string): string {
  return text
    .replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim()
    .slice(0, MOST_SHOWN);
}

const MOST_SHOWN = 100;

const USER_ALLOWED = /^[A-Za-z0-9\-_.!~*'()&=+$,;?/]$/;

/** `bob`, `+33123`, `bob@example.org` or a whole URI, completed with the domain and escaped (RFC 3261 section 25.1). Throws BAD_TARGET. */
export function targetUri(target: string, domain: string): ByteString {
  let uri = target.trim();
  if (!/^sips?:/i.test(uri)) {
    const at = uri.lastIndexOf('@');
    const user = at === -1 ? uri : uri.slice(0, at);
    const host = at === -1 ? domain : uri.slice(at + 1);
    uri = user === '' ? '' : `sip:${escapeUser(user)}@${host}`;
  }
  try {
    parseUri(uri);
  } catch (error) {
    throw new ClientError('BAD_TARGET', 'not a name, number or SIP address', undefined, error);
  }
  return uri;
}

function escapeUser(user: string): ByteString {
  let escaped = '';
  for (const octet of encodeUtf8(user)) {
    escaped += USER_ALLOWED.test(octet) ? octet : `%${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}
