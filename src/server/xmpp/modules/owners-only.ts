import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { IqRequest, XmppHost } from '../host.ts';

/** What only the account's own devices may ask, of an account for which something is kept. Its bare address. */
export function ownersOnly(host: XmppHost, { from, to, session }: IqRequest): string {
  if (session === undefined || from.bare !== to.bare) throw new StanzaError('forbidden');
  if (!host.accountExists(session.account)) throw new StanzaError('not-allowed', 'nothing is kept for a guest');
  return to.bare;
}
