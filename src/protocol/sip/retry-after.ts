import type { ByteString } from '../byte-string.ts';
import { malformed, parseNumber, quotedEnd, skipSpace } from './lexis.ts';
import { parseParameters } from './parameters.ts';

/** Retry-After (RFC 3261 section 20.33): `delta-seconds [ comment ] *( SEMI retry-param )`. */
export interface RetryAfter {
  /** Seconds. */
  delay: number;
  /** How long the peer will be there then, in seconds. */
  duration?: number;
}

const MOST_SECONDS = 2 ** 32 - 1;

export function parseRetryAfter(value: ByteString): RetryAfter {
  let at = skipSpace(value, 0);
  const start = at;
  while (value.charCodeAt(at) >= 48 && value.charCodeAt(at) <= 57) at++;
  const delay = parseNumber(value.slice(start, at), MOST_SECONDS);
  if (delay === undefined) throw malformed('Retry-After');
  at = skipSpace(value, at);
  if (value.charCodeAt(at) === 40) at = commentEnd(value, at);
  const parameters = parseParameters(value, at, value.length, 'Retry-After');
  const duration = parseNumber(parameters.get('duration') ?? '', MOST_SECONDS);
  return duration === undefined ? { delay } : { delay, duration };
}

/** Comments nest (section 25.1): counted, so that no depth costs more than its length. */
function commentEnd(value: ByteString, at: number): number {
  let depth = 0;
  for (; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code === 92) at++;
    else if (code === 34) {
      const after = quotedEnd(value, at);
      if (after === -1) break;
      at = after - 1;
    } else if (code === 40) depth++;
    else if (code === 41 && --depth === 0) return at + 1;
  }
  throw malformed('Retry-After');
}
