// A dialog that the server ends itself: what it keeps of both sides for that (RFC 3261 section 12.1), and the BYE to each,
// which looks to it like the other side's.
import type { ByteString } from '../../protocol/byte-string.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import { createRequest } from '../../protocol/sip/create.ts';
import type { Message, Request } from '../../protocol/sip/message.ts';
import { serializeReason } from '../../protocol/sip/reason.ts';
import { ownText } from './own-text.ts';
import { tryUri } from './try-uri.ts';

/** One side, as a request to it needs it. */
export interface DialogSide {
  /** Its From or To value, tag included. */
  address: ByteString;
  /** Its Contact URI. */
  target: ByteString;
  /** Route values between here and there, the nearest first. */
  routes: readonly ByteString[];
  /** CSeq number of its latest request. */
  sequence: number;
}

/** Why it ends (RFC 3326): `cause` is a SIP status. */
export interface DialogReason {
  cause: number;
  text: string;
}

export interface DialogEnds {
  callId: ByteString;
  caller: DialogSide;
  callee: DialogSide;
}

/** What an INVITE says of the caller, as it came here (RFC 3261 section 12.1.1). */
export function callerOf(invite: Request): DialogSide {
  return {
    address: ownText(invite.get('from') ?? ''),
    target: contactOf(invite) ?? invite.from.uri,
    routes: recordRoutes(invite).map(ownText),
    sequence: invite.cseq.sequence,
  };
}

/** What a response to it says of the callee; `recordRoute` is our own value in it (RFC 3261 section 12.1.2). */
export function calleeOf(response: Message, recordRoute: ByteString | undefined): DialogSide {
  const routes = recordRoutes(response);
  const ours = recordRoute === undefined ? -1 : routes.findIndex((route) => route.includes(userOf(recordRoute)));
  return {
    address: ownText(response.get('to') ?? ''),
    target: contactOf(response) ?? response.to.uri,
    routes: routes.slice(0, Math.max(0, ours)).reverse().map(ownText),
    sequence: 0,
  };
}

/** A request or response of that side refreshes its target (RFC 3261 section 12.2), a request counts. */
export function refreshSide(side: DialogSide, message: Message): void {
  if (message.kind === 'request') side.sequence = Math.max(side.sequence, message.cseq.sequence);
  const { method } = message.cseq;
  if (method !== 'INVITE' && method !== 'UPDATE') return;
  const contact = contactOf(message);
  if (contact !== undefined && contact !== side.target) side.target = contact;
}

/** `cause` is a SIP status (RFC 3326). */
export function createBye(ends: DialogEnds, to: 'caller' | 'callee', reason: DialogReason): Request {
  const from = to === 'caller' ? ends.callee : ends.caller;
  const fields: [string, ByteString][] = [['Reason', serializeReason({ protocol: 'SIP', ...reason })]];
  return inDialog(ends, to, 'BYE', from.sequence + 1, fields);
}

/** A BYE to where a request within the dialog goes, next in order. That request has no Route of ours any more. */
export function byeAfter(request: Request, reason: DialogReason): Request {
  const side = { target: request.uri, routes: request.has('route') ? request.values('route') : [] };
  const ends = {
    callId: request.callId,
    caller: { ...side, address: request.get('from') ?? '', sequence: request.cseq.sequence },
    callee: { ...side, address: request.get('to') ?? '', sequence: 0 },
  };
  return createBye(ends, 'callee', reason);
}

/** For a 2xx whose caller will never acknowledge it. */
export function createDialogAck(ends: DialogEnds, to: 'caller' | 'callee', sequence: number): Request {
  return inDialog(ends, to, 'ACK', sequence, []);
}

function inDialog(
  ends: DialogEnds,
  to: 'caller' | 'callee',
  method: string,
  sequence: number,
  more: [string, ByteString][],
): Request {
  const [from, at] = to === 'caller' ? [ends.callee, ends.caller] : [ends.caller, ends.callee];
  const fields: [string, ByteString][] = at.routes.map((route) => ['Route', route]);
  fields.push(
    ['From', from.address],
    ['To', at.address],
    ['Call-ID', ends.callId],
    ['CSeq', `${sequence} ${method}`],
    ...more,
  );
  return createRequest(method, at.target, fields);
}

/** None where they cannot be read: what only passes here need not be in order. */
function recordRoutes(message: Message): ByteString[] {
  try {
    return message.values('record-route');
  } catch (error) {
    if (error instanceof ProtocolError) return [];
    throw error;
  }
}

/** undefined for none, and for one that no request could be sent to. */
function contactOf(message: Message): ByteString | undefined {
  const value = message.get('contact');
  const uri = value === undefined ? undefined : /^[^<]*<([\x21-\x7e]+)>|^([^\s<>;,]+)/.exec(value);
  const text = uri?.[1] ?? uri?.[2];
  return text === undefined || tryUri(text) === undefined ? undefined : ownText(text);
}

function userOf(route: ByteString): ByteString {
  return route.slice(route.indexOf(':') + 1, route.indexOf('@') + 1);
}
