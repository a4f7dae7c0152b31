import { xml } from '../../../protocol/xmpp/element.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { PubsubStore } from '../../../storage/messaging.ts';
import { parseStored } from '../../messaging/stored-stanza.ts';
import type { XmppHost } from '../host.ts';
import { ownersOnly } from '../modules/owners-only.ts';
import type { Pep } from './pep.ts';

const VCARD4 = 'urn:ietf:params:xml:ns:vcard-4.0';
const NODE = 'urn:xmpp:vcard4';

/** XEP-0292: the newer card is the node `urn:xmpp:vcard4`, which may be asked for and set without pubsub as well. */
export function serveVcard4(host: XmppHost, pep: Pep, store: PubsubStore): void {
  host.addFeature('account', VCARD4);
  host.handleIq('account', 'vcard', VCARD4, async (request) => {
    const { type, payload, from, to } = request;
    if (type === 'set') {
      ownersOnly(host, request);
      await pep.publish(to, NODE, 'current', payload, from);
      return undefined;
    }
    const known = await pep.nodes.find(to.bare, NODE);
    if (known === undefined && from.bare === to.bare) return xml('vcard', VCARD4);
    await pep.readable(to, NODE, from);
    const [item] = await store.items(to.bare, NODE, 1);
    if (item === undefined) throw new StanzaError('item-not-found');
    return parseStored(item.payload);
  });
}
