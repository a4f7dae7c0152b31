import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { ProtocolError } from '../protocol/errors.ts';
import type { Identity } from './flow.ts';
import { type HandshakeCredential, handshakeCredential } from './handshake-credential.ts';
import { cookiesCount, judgeOrigin, type OriginPolicy } from './origin.ts';

/**
 * Who the credential proves. `refused`: it proves nothing (403). Undefined: nobody in particular, which is the answer to
 * no credential; where a credential is required, it is refused with 401.
 */
export type VerifyCredential = (
  credential: HandshakeCredential | undefined,
  request: IncomingMessage,
) => Identity | 'refused' | undefined;

export interface HandshakePolicy extends OriginPolicy {
  verify: VerifyCredential;
  /** Whether a WebSocket needs a credential. */
  handshake: 'optional' | 'required';
}

/** One entry of the subprotocol table: what a WebSocket speaks is named by Sec-WebSocket-Protocol, never by the path. */
export interface Subprotocol {
  /** The largest message (1009 beyond); default: `limits.messageBytes`. */
  messageBytes?: number;
  /** Set: differs from the port's own. */
  verify?: VerifyCredential;
  handshake?: 'optional' | 'required';
  /** Takes an open WebSocket over, with its pings (they are not answered by themselves). */
  accept(socket: WebSocket, opened: OpenedHandshake): void;
}

export interface OpenedHandshake {
  identity?: Identity;
  /** Not to be kept: it would hold every header of every idle socket. */
  request: IncomingMessage;
}

/** What the handshake has come to. */
export interface AcceptedHandshake {
  /** As registered. */
  name: string;
  /** As the client spelled it: that is what the answer must repeat (RFC 6455 section 4.1). */
  offered: string;
  identity?: Identity;
}

const TOKEN = /^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/;

/**
 * RFC 6455 section 4.2.2, in this order: version (426), request (400), subprotocol (400), origin (403), credential
 * (403, 401). Throws the ProtocolError that carries the HTTP status.
 */
export function judgeHandshake(
  request: IncomingMessage,
  subprotocols: ReadonlyMap<string, Subprotocol>,
  policy: HandshakePolicy,
): AcceptedHandshake {
  const { headers } = request;
  if (headers['sec-websocket-version'] !== '13') {
    throw new ProtocolError('WS_VERSION', 'Sec-WebSocket-Version must be 13.', { status: 426 });
  }
  if (request.method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket') {
    throw new ProtocolError('WS_UPGRADE', 'A WebSocket begins with GET and Upgrade: websocket.', { status: 400 });
  }

  if (headers.host === undefined || request.httpVersion === '1.0') {
    throw new ProtocolError('WS_UPGRADE', 'A WebSocket handshake is HTTP/1.1 and has a Host.', { status: 400 });
  }
  const { name, offered } = chooseSubprotocol(headers['sec-websocket-protocol'], subprotocols);
  const subprotocol = subprotocols.get(name);

  const origin = judgeOrigin(headers.origin, headers.host, policy);
  if (origin === 'refused') {
    throw new ProtocolError('WS_ORIGIN', 'This Origin is not allowed here.', { status: 403 });
  }

  const credential = handshakeCredential(request, cookiesCount(origin));
  const verify = subprotocol?.verify ?? policy.verify;
  const identity = credential === 'malformed' ? 'refused' : verify(credential, request);
  if (identity === 'refused') {
    throw new ProtocolError('WS_CREDENTIAL', 'The credential is wrong or has expired.', { status: 403 });
  }
  if (identity === undefined) {
    if ((subprotocol?.handshake ?? policy.handshake) === 'required') {
      throw new ProtocolError('WS_CREDENTIAL_REQUIRED', 'A credential is required.', { status: 401 });
    }
    return { name, offered };
  }
  return { name, offered, identity };
}

/** The first of the client's list that is in the table. Names are compared without regard to case. */
function chooseSubprotocol(
  header: string | undefined,
  subprotocols: ReadonlyMap<string, Subprotocol>,
): { name: string; offered: string } {
  if (header === undefined)
    throw badSubprotocol('WS_NO_SUBPROTOCOL', 'Sec-WebSocket-Protocol is missing', subprotocols);
  if (subprotocols.has(header)) return { name: header, offered: header };

  const list = header.split(',').map((item) => item.trim());
  if (!list.every((item) => TOKEN.test(item)) || new Set(list).size !== list.length) {
    throw badSubprotocol('WS_SUBPROTOCOL_SYNTAX', 'Not a list of distinct tokens', subprotocols);
  }
  for (const offered of list) {
    const name = offered.toLowerCase();
    if (subprotocols.has(name)) return { name, offered };
  }
  throw badSubprotocol('WS_UNKNOWN_SUBPROTOCOL', 'No known subprotocol', subprotocols);
}

function badSubprotocol(code: string, what: string, subprotocols: ReadonlyMap<string, Subprotocol>): ProtocolError {
  return new ProtocolError(code, `${what}; known: ${[...subprotocols.keys()].join(', ')}.`, { status: 400 });
}

/** Answers a handshake with an HTTP error and ends the connection. */
export function refuseHandshake(socket: Duplex, error: ProtocolError): void {
  const status = error.answer.status ?? 400;
  const body = `${error.message}\n`;
  const more =
    status === 426
      ? 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
      : status === 401
        ? 'WWW-Authenticate: Basic realm="chappe"\r\n'
        : status === 503
          ? 'Retry-After: 5\r\n'
          : '';
  socket.once('finish', socket.destroy);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nCache-Control: no-store\r\n${more}\r\n${body}`,
  );
}
