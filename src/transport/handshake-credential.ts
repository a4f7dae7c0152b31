import type { IncomingHttpHeaders } from 'node:http';

/** What a client brings to prove who it is; not verified yet. */
export interface HandshakeCredential {
  /** `<unix expiry>:<name>`. */
  username: string;
  password: string;
}

export const CREDENTIAL_COOKIE = 'chappe_credential';

/**
 * The credential in an HTTP request: in the query (`username`, `password`), in `Authorization: Basic`, or, where cookies
 * count, in the cookie `chappe_credential`. What a page says expressly goes before what its browser adds by itself.
 * Undefined: none; `malformed`: something that was meant as one.
 *
 * An ephemeral username holds a colon and its password never does, so the pair is split at the last colon: a deviation
 * from RFC 7617, in which a user-id has none.
 */
export function handshakeCredential(
  request: { url?: string | undefined; headers: IncomingHttpHeaders },
  cookies: boolean,
): HandshakeCredential | 'malformed' | undefined {
  return (
    fromQuery(request.url) ??
    fromBasic(request.headers.authorization) ??
    (cookies ? fromCookie(request.headers.cookie) : undefined)
  );
}

function fromQuery(url: string | undefined): HandshakeCredential | 'malformed' | undefined {
  const start = url === undefined ? -1 : url.indexOf('?');
  if (url === undefined || start < 0) return undefined;
  let username: string | undefined;
  let password: string | undefined;
  for (const part of url.slice(start + 1).split('&')) {
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    if (name !== 'username' && name !== 'password') continue;
    // A plus stays a plus: base64 has it, clients forget to escape it, and neither part ever holds a space.
    const value = decode(part.slice(equals < 0 ? part.length : equals + 1));
    if (value === undefined) return 'malformed';
    if (name === 'username') {
      if (username !== undefined) return 'malformed';
      username = value;
    } else {
      if (password !== undefined) return 'malformed';
      password = value;
    }
  }
  if (username === undefined && password === undefined) return undefined;
  return username && password ? { username, password } : 'malformed';
}

function fromBasic(authorization: string | undefined): HandshakeCredential | 'malformed' | undefined {
  if (authorization === undefined) return undefined;
  const found = /^basic +([-A-Za-z0-9+/_]+={0,2}) *$/i.exec(authorization);
  if (found !== null) return splitAtLastColon(Buffer.from(found[1] as string, 'base64').toString('utf8'));
  return /^basic(?: |$)/i.test(authorization) ? 'malformed' : undefined; // another scheme is not for us
}

function fromCookie(header: string | undefined): HandshakeCredential | 'malformed' | undefined {
  if (header === undefined) return undefined;
  for (const part of header.split(';')) {
    const equals = part.indexOf('=');
    if (equals < 0 || part.slice(0, equals).trim() !== CREDENTIAL_COOKIE) continue;
    const raw = part.slice(equals + 1).trim();
    const value = decode(raw.startsWith('"') && raw.endsWith('"') && raw.length > 1 ? raw.slice(1, -1) : raw);
    return value === undefined ? 'malformed' : splitAtLastColon(value);
  }
  return undefined;
}

function splitAtLastColon(pair: string): HandshakeCredential | 'malformed' {
  const colon = pair.lastIndexOf(':');
  if (colon <= 0 || colon === pair.length - 1) return 'malformed';
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
