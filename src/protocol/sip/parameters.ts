import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import { is, malformed, quotedEnd, skipSpace, TOKEN, VALUE } from './lexis.ts';

/**
 * Parameters of a header field or a URI, in their order; names are lower case, values raw (a quoted string keeps its
 * quotes: `unquote` in lexis.ts), a name without a value has undefined.
 */
export type Parameters = Map<string, ByteString | undefined>;

const MOST_PARAMETERS = 100;

export function tooManyParameters(what: string): ProtocolError {
  return new ProtocolError('SIP_TOO_MANY', `Too many parameters in ${what}`, { status: 400 });
}

/**
 * `*( SEMI generic-param )` from `at` to `end` (RFC 3261 section 25.1). A name twice is an error (section 7.3.1), so is
 * an empty one.
 */
export function parseParameters(text: ByteString, at: number, end: number, what: string): Parameters {
  const parameters: Parameters = new Map();
  at = skipSpace(text, at, end);
  while (at < end) {
    if (text.charCodeAt(at) !== 59) throw malformed(what);
    at = skipSpace(text, at + 1, end);
    const start = at;
    let upper = false;
    for (; at < end; at++) {
      const code = text.charCodeAt(at);
      if (!is(code, TOKEN)) break;
      if (code >= 65 && code <= 90) upper = true;
    }
    if (at === start) throw malformed(what);
    let name = text.slice(start, at);
    if (upper) name = name.toLowerCase();
    at = skipSpace(text, at, end);
    let value: ByteString | undefined;
    if (at < end && text.charCodeAt(at) === 61) {
      at = skipSpace(text, at + 1, end);
      const from = at;
      if (text.charCodeAt(at) === 34) {
        at = quotedEnd(text, at, end);
        if (at === -1) throw malformed(what);
      } else while (at < end && is(text.charCodeAt(at), VALUE)) at++;
      if (at === from) throw malformed(what);
      value = text.slice(from, at);
      at = skipSpace(text, at, end);
    }
    if (parameters.has(name)) throw malformed(what);
    parameters.set(name, value);
    if (parameters.size > MOST_PARAMETERS) throw tooManyParameters(what);
  }
  return parameters;
}

export function serializeParameters(parameters: Iterable<readonly [string, ByteString | undefined]>): ByteString {
  let text = '';
  for (const [name, value] of parameters) text += value === undefined ? `;${name}` : `;${name}=${value}`;
  return text;
}

/** A token followed by parameters: Event, Subscription-State, Reason, Content-Disposition and kin. */
export interface TokenWithParameters {
  token: ByteString;
  parameters: Parameters;
}

export function parseTokenWithParameters(value: ByteString, what: string): TokenWithParameters {
  const from = skipSpace(value, 0);
  let at = from;
  while (at < value.length && is(value.charCodeAt(at), TOKEN)) at++;
  if (at === from) throw malformed(what);
  return { token: value.slice(from, at), parameters: parseParameters(value, at, value.length, what) };
}
