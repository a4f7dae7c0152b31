import type { Request, Response } from '../../protocol/sip/message.ts';

/** RFC 3325 sections 5 and 7: what a stranger asserts of himself goes no further. */
export function stripAsserted(message: Request | Response): void {
  if (message.has('p-asserted-identity')) message.remove('p-asserted-identity');
  if (message.has('p-preferred-identity')) message.remove('p-preferred-identity');
  // COMPAT: older phones show this name (draft-ietf-sip-privacy) and know nothing of RFC 3325.
  if (message.has('remote-party-id')) message.remove('remote-party-id');
}
