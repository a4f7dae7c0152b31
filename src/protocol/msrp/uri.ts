import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';

/**
 * An MSRP URI (RFC 4975 section 6): `msrp[s]://[userinfo@]host[:port][/session-id];transport[;parameters]`. The transport
 * is `tcp`, `ws` (RFC 7977 section 5.1) or `dc` (RFC 8873 section 4.2).
 */
export interface MsrpUri {
  secure: boolean;
  userinfo?: ByteString;
  /** Lower case; IPv6 in its brackets. */
  host: string;
  /** Absent: not stated, which is not the same as the default (section 6.1). */
  port?: number;
  sessionId?: string;
  /** Lower case. */
  transport: string;
}

const URI =
  /^(msrps?):\/\/(?:([A-Za-z0-9\-._~!$&'()*+,;=%:]+)@)?([A-Za-z0-9\-._~]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?(?:\/([A-Za-z0-9\-._~+=/]+))?;([A-Za-z0-9]+)((?:;[A-Za-z0-9!#$%&'*+\-.^_`|~]+(?:=[A-Za-z0-9!#$%&'*+\-.^_`|~]+)?)*)$/i;
const MOST_OCTETS = 1024;

export const DEFAULT_PORT = 2855;

/** Throws 400. */
export function parseMsrpUri(text: ByteString): MsrpUri {
  const found = text.length <= MOST_OCTETS ? URI.exec(text) : null;
  if (found === null) throw new ProtocolError('MSRP_URI', 'Malformed MSRP URI.', { status: 400 });
  const [, scheme = '', userinfo, host = '', port, sessionId, transport = ''] = found;
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))
    throw new ProtocolError('MSRP_URI', 'Malformed MSRP URI.', { status: 400 });
  return {
    secure: scheme.length === 5,
    host: host.toLowerCase(),
    transport: transport.toLowerCase(),
    ...(userinfo === undefined ? {} : { userinfo }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(sessionId === undefined ? {} : { sessionId }),
  };
}

export function serializeMsrpUri({ secure, userinfo, host, port, sessionId, transport }: MsrpUri): ByteString {
  const user = userinfo === undefined ? '' : `${userinfo}@`;
  const session = sessionId === undefined ? '' : `/${sessionId}`;
  return `msrp${secure ? 's' : ''}://${user}${host}${port === undefined ? '' : `:${port}`}${session};${transport}`;
}

/** RFC 4975 section 6.1: userinfo and further parameters do not count, and only the session-id's case does. */
export function sameMsrpUri(a: MsrpUri, b: MsrpUri): boolean {
  return a.sessionId === b.sessionId && sameAuthority(a, b);
}

/** The same URI but for its session: the sessions that one endpoint has on one connection differ in that alone. */
export function sameAuthority(a: MsrpUri, b: MsrpUri): boolean {
  return a.secure === b.secure && a.host === b.host && a.port === b.port && a.transport === b.transport;
}
