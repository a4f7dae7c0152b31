import { xml } from '../../../protocol/xmpp/element.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { DocumentStore } from '../../../storage/messaging.ts';
import type { MessagingLimits } from '../../messaging/limits.ts';
import { parseStored } from '../../messaging/stored-stanza.ts';
import type { XmppHost } from '../host.ts';
import { ownersOnly } from './owners-only.ts';

const VCARD = 'vcard-temp';
const DOCUMENT = 'vcard-temp';

/** XEP-0054: everybody may read an account's card, its owner writes it. */
export function keepVcards(host: XmppHost, documents: DocumentStore, limits: MessagingLimits): void {
  host.addFeature('server', VCARD);
  host.addFeature('account', VCARD);
  host.handleIq('account', 'vCard', VCARD, async (request) => {
    if (request.type === 'get') {
      const kept = await documents.get(request.to.bare, DOCUMENT);
      if (kept !== undefined) return parseStored(kept);
      if (request.from.bare === request.to.bare) return xml('vCard', VCARD);
      throw new StanzaError('item-not-found');
    }
    const owner = ownersOnly(host, request);
    const text = request.payload.serialize();
    if (text.length > limits.vcardCharacters) throw new StanzaError('policy-violation', 'the card is too large');
    await documents.set(owner, DOCUMENT, text);
    return undefined;
  });
}
