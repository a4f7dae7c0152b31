import type { ByteString } from '../byte-string.ts';
import { parseHostPort } from './host.ts';
import { is, malformed, parseNumber, skipSpace, TOKEN, trimEnd } from './lexis.ts';
import { type Parameters, parseParameters, serializeParameters } from './parameters.ts';

/** One Via value (RFC 3261 section 20.42). */
export interface Via {
  /** In upper case: UDP, TCP, TLS, WS, WSS, ... */
  transport: string;
  /** An IPv6 reference keeps its brackets. */
  host: string;
  port?: number;
  parameters: Parameters;
  branch?: string;
  /** As received: an IPv6 address with or without brackets (RFC 5118 section 4.5). */
  received?: string;
  /** RFC 3581: true when it is there without a value. */
  rport?: true | number;
  /** `host[:port]` in lower case, for matching (RFC 3261 section 17.2.3). */
  sentBy: string;
}

/** What every branch made by RFC 3261 begins with (section 8.1.1.7). */
export const MAGIC_COOKIE = 'z9hG4bK';

export function parseVia(text: ByteString): Via {
  // sent-protocol = protocol-name SLASH protocol-version SLASH transport, with white space around each slash
  let at: number;
  if (text.startsWith('SIP/2.0/')) at = 8;
  else {
    at = sentProtocol(text, 0, 'sip');
    at = sentProtocol(text, at, '2.0');
    at = skipSpace(text, at);
  }
  const from = at;
  while (at < text.length && is(text.charCodeAt(at), TOKEN)) at++;
  const transport = text.slice(from, at).toUpperCase();
  const space = at;
  at = skipSpace(text, at);
  if (at === space || space === from) throw malformed('Via');
  let semicolon = text.indexOf(';', at);
  if (semicolon === -1) semicolon = text.length;
  const sentByText = text.slice(at, trimEnd(text, at, semicolon));
  const { host, port } = parseHostPort(sentByText, 'Via');
  const parameters = parseParameters(text, semicolon, text.length, 'Via');
  const lower = host.toLowerCase();
  const via: Via = { transport, host, parameters, sentBy: port === undefined ? lower : `${lower}:${port}` };
  if (port !== undefined) via.port = port;
  if (parameters.size === 0) return via;
  const branch = parameters.get('branch');
  if (branch !== undefined) via.branch = branch;
  const received = parameters.get('received');
  if (received !== undefined) via.received = received;
  if (parameters.has('rport')) {
    const value = parameters.get('rport');
    const rport = value === undefined ? true : parseNumber(value, 65535);
    if (rport === undefined) throw malformed('Via');
    via.rport = rport;
  }
  return via;
}

function sentProtocol(text: ByteString, at: number, expected: string): number {
  at = skipSpace(text, at);
  if (text.slice(at, at + expected.length).toLowerCase() !== expected) throw malformed('Via');
  at = skipSpace(text, at + expected.length);
  if (text.charCodeAt(at) !== 47) throw malformed('Via');
  return at + 1;
}

/** The value written afresh; `parameters` holds branch, received and rport too. */
export function serializeVia(via: {
  transport: string;
  host: string;
  port?: number;
  parameters: Iterable<readonly [string, ByteString | undefined]>;
}): ByteString {
  const sentBy = via.port === undefined ? via.host : `${via.host}:${via.port}`;
  return `SIP/2.0/${via.transport} ${sentBy}${serializeParameters(via.parameters)}`;
}
