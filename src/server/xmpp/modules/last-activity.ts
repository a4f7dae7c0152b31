import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { DocumentStore } from '../../../storage/messaging.ts';
import type { Watchers } from '../../messaging/watchers.ts';
import type { XmppHost } from '../host.ts';

const LAST = 'jabber:iq:last';
const DOCUMENT = 'last-activity';

/** XEP-0012: since when the server runs, and since when an account has been away, for those who may see its presence. */
export function tellLastActivity(
  host: XmppHost,
  options: { documents: DocumentStore; watchers: Watchers; wallClock: () => number; onFault: (error: unknown) => void },
): void {
  const { documents, watchers, wallClock, onFault } = options;
  const started = wallClock();
  host.addFeature('server', LAST);
  host.addFeature('account', LAST);
  const seconds = (since: number) => String(Math.max(0, Math.floor((wallClock() - since) / 1000)));
  host.handleIq('server', 'query', LAST, ({ type }) => {
    if (type !== 'get') throw new StanzaError('bad-request');
    return xml('query', LAST, { seconds: seconds(started) });
  });
  host.handleIq('account', 'query', LAST, async ({ type, from, to }): Promise<Element> => {
    if (type !== 'get') throw new StanzaError('bad-request');
    const account = to.local ?? '';
    if (from.bare !== to.bare && (await watchers.mayWatch(account, from.bare)) !== 'yes')
      throw new StanzaError('forbidden');
    for (const session of host.sessions(account))
      if (session.presence !== undefined) return xml('query', LAST, { seconds: '0' });
    const kept = await documents.get(to.bare, DOCUMENT);
    if (kept === undefined) throw new StanzaError('item-not-found');
    return xml('query', LAST, { seconds: seconds(Number(kept)) });
  });
  host.onPresence((session, presence) => {
    if (presence !== undefined || !host.accountExists(session.account)) return;
    for (const other of host.sessions(session.account)) if (other.presence !== undefined) return;
    documents.set(session.jid.bare, DOCUMENT, String(wallClock())).catch(onFault);
  });
}
