// RFC 7247 section 5: what a stanza error is in SIP. Where its table names a status that asks the client for something else
// (401 and 407 without a challenge, 302 without a contact, 408 to a non-INVITE), the nearest that does not.
import { type StanzaCondition, StanzaError } from '../../../protocol/xmpp/stanza-error.ts';

const STATUS: Record<StanzaCondition, number> = {
  'bad-request': 400,
  conflict: 400,
  'feature-not-implemented': 501,
  forbidden: 403,
  gone: 410,
  'internal-server-error': 500,
  'item-not-found': 404,
  'jid-malformed': 400,
  'not-acceptable': 488,
  'not-allowed': 403,
  'not-authorized': 403,
  'policy-violation': 403,
  'recipient-unavailable': 480,
  redirect: 480,
  'registration-required': 403,
  'remote-server-not-found': 404,
  'remote-server-timeout': 504,
  'resource-constraint': 503,
  'service-unavailable': 480,
  'subscription-required': 403,
  'undefined-condition': 500,
  'unexpected-request': 491,
};

/** The SIP status for what the inbox rejected with; 500 for a fault of ours. */
export function statusOf(error: unknown): number {
  return error instanceof StanzaError ? STATUS[error.condition] : 500;
}
