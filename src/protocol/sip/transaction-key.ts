import type { Message, Request } from './message.ts';
import { MAGIC_COOKIE, type Via } from './via.ts';

/**
 * A response belongs to the client transaction with the branch of its top Via and the method of its CSeq (RFC 3261
 * section 17.1.3). The same function names the transaction when its request is sent.
 */
export function clientTransactionKey(message: Message): string {
  return `${message.via.branch ?? ''} ${message.cseq.method}`;
}

/**
 * The server transaction a request belongs to (RFC 3261 section 17.2.3): branch, sent-by and method, where an ACK belongs
 * to its INVITE. A CANCEL has a transaction of its own; `cancelledTransactionKey` names the one it cancels.
 */
export function serverTransactionKey(request: Request): string {
  return keyFor(request, request.method === 'ACK' ? 'INVITE' : request.method);
}

/** The INVITE transaction that this CANCEL cancels (RFC 3261 section 9.2). */
export function cancelledTransactionKey(cancel: Request): string {
  return keyFor(cancel, 'INVITE');
}

function keyFor(request: Request, method: string): string {
  const via = request.via;
  const branch = via.branch;
  if (branch?.startsWith(MAGIC_COOKIE) && branch.length > MAGIC_COOKIE.length) {
    return `${branch} ${via.sentBy} ${method}`;
  }
  return rfc2543Key(request, via, method);
}

/**
 * COMPAT: RFC 2543 elements choose no unique branch, so Request-URI, From tag, Call-ID, CSeq number and top Via do
 * (17.2.3). The To tag is left out: the ACK bears the one that our response brought. Parameters of the Via are left out
 * too, since the edge adds `received` and `rport` to it.
 */
function rfc2543Key(request: Request, via: Via, method: string): string {
  const { sequence } = request.cseq;
  return `2543 ${request.uri} ${request.from.tag ?? ''} ${request.callId} ${sequence} ${via.sentBy} ${via.branch ?? ''} ${method}`;
}
