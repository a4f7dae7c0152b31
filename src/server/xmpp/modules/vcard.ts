import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { DocumentStore } from '../../../storage/messaging.ts';
import type { MessagingLimits } from '../../messaging/limits.ts';
import { parseStored } from '../../messaging/stored-stanza.ts';
import type { XmppHost } from '../host.ts';
import { ownersOnly } from './owners-only.ts';

export const VCARD = 'vcard-temp';
export const VCARD_DOCUMENT = 'vcard-temp';

/** XEP-0054: everybody may read an account's card, its owner writes it. `onSet`: once it is durable. */
export function keepVcards(
  host: XmppHost,
  documents: DocumentStore,
  limits: MessagingLimits,
  onSet: (owner: Jid, card: Element) => Promise<void> = async () => {},
): void {
  host.addFeature('server', VCARD);
  host.addFeature('account', VCARD);
  host.handleIq('account', 'vCard', VCARD, async (request) => {
    if (request.type === 'get') {
      const kept = await documents.get(request.to.bare, VCARD_DOCUMENT);
      if (kept !== undefined) return parseStored(kept);
      if (request.from.bare === request.to.bare) return xml('vCard', VCARD);
      // Section 3.2: the same as where there is no such account, so that nobody finds out who is here.
      throw new StanzaError('service-unavailable');
    }
    const owner = ownersOnly(host, request);
    const text = request.payload.serialize();
    if (text.length > limits.vcardCharacters) throw new StanzaError('policy-violation', 'the card is too large');
    await documents.set(owner, VCARD_DOCUMENT, text);
    await onSet(request.to, request.payload);
    return undefined;
  });
}
