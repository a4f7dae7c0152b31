/** What the first octets of a connection to the web port say it speaks. */
export type FirstProtocol = 'http' | 'tls' | 'stun' | 'sip';

/** Octets after which a connection that is still unclear goes to the HTTP server, which answers 400. */
export const FIRST_BYTES_BOUND = 64;

const HTTP_FAST = /^(?:GET|POST|HEAD|PUT|DELETE|PATCH) /;
const TOKEN = /^[-.!%*_+`'~0-9A-Za-z]+$/;
const SCHEME = /^([A-Za-z][-+.0-9A-Za-z]*):/;

/**
 * Tells the protocols of one TCP port apart; undefined: more octets are needed.
 *
 * - RFC 7983: 0 to 3 is STUN. (ChannelData, 64 to 79, are letters here; but no client begins with it.)
 * - 22 is a TLS handshake record (RFC 8446 section 5.1).
 * - CR LF is the keep-alive of a SIP client (RFC 5626 section 4.4.1).
 * - `SIP/2.0 ` begins a SIP response.
 * - HTTP and SIP requests both begin `token SP`, and OPTIONS is a method of both: what follows decides. SIP has an
 *   absolute URI there; HTTP has `/`, `*`, or a URI whose scheme is http (RFC 9112 section 3.2).
 */
export function firstProtocol(octets: Buffer): FirstProtocol | undefined {
  const first = octets[0];
  if (first === undefined) return undefined;
  if (first < 4) return 'stun';
  if (first === 22) return 'tls';
  if (first === 13 || first === 10) return 'sip';

  const text = octets.toString('latin1', 0, FIRST_BYTES_BOUND);
  if (HTTP_FAST.test(text)) return 'http';
  if (text.startsWith('SIP/')) return 'sip';
  const full = text.length >= FIRST_BYTES_BOUND;
  const space = text.indexOf(' ');
  if (space < 0) return full || (!TOKEN.test(text) && !'SIP/'.startsWith(text)) ? 'http' : undefined;
  if (!TOKEN.test(text.slice(0, space))) return 'http';

  const target = text.slice(space + 1);
  if (target === '') return undefined;
  const scheme = SCHEME.exec(target)?.[1];
  if (scheme === undefined) {
    // Still inside what may be a scheme, or something else (`/`, `*`, an authority): that is HTTP's.
    return !full && /^[A-Za-z][-+.0-9A-Za-z]*$/.test(target) ? undefined : 'http';
  }
  return /^(?:https?|wss?)$/i.test(scheme) || text.startsWith('CONNECT ') ? 'http' : 'sip';
}
