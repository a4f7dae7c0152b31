import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { DocumentStore } from '../../../storage/messaging.ts';
import type { MessagingLimits } from '../../messaging/limits.ts';
import { parseStored } from '../../messaging/stored-stanza.ts';
import type { IqRequest, XmppHost } from '../host.ts';
import { ownersOnly } from './owners-only.ts';

const PRIVATE = 'jabber:iq:private';
const PREFIX = 'private:';

/** XEP-0049: XML that a client keeps for itself, by its name and namespace. */
export function keepPrivateXml(host: XmppHost, documents: DocumentStore, limits: MessagingLimits): void {
  host.addFeature('server', PRIVATE);
  host.addFeature('account', PRIVATE);
  host.handleIq('account', 'query', PRIVATE, async (request: IqRequest) => {
    const owner = ownersOnly(host, request);
    const elements = request.payload.elements();
    if (elements.length === 0) throw new StanzaError('bad-request', 'which?');
    if (elements.some(({ namespace }) => namespace === PRIVATE || namespace === ''))
      throw new StanzaError('not-acceptable', 'private XML has a namespace of its own');
    if (request.type === 'get') {
      const [wanted] = elements;
      if (wanted === undefined || elements.length > 1) throw new StanzaError('bad-request', 'one at a time');
      const kept = await documents.get(owner, nameOf(wanted));
      return xml('query', PRIVATE, {}, kept === undefined ? xml(wanted.name, wanted.namespace) : parseStored(kept));
    }
    const kept = new Map((await documents.list(owner, PREFIX)).map(({ name, value }) => [name, value.length]));
    const texts = elements.map((element) => ({ name: nameOf(element), value: element.serialize() }));
    for (const { name, value } of texts) kept.set(name, value.length);
    if (kept.size > limits.privateEntries || sum(kept.values()) > limits.privateCharacters)
      throw new StanzaError('policy-violation', 'there is no room for so much private XML');
    await Promise.all(texts.map(({ name, value }) => documents.set(owner, name, value)));
    return undefined;
  });
}

function nameOf({ namespace, name }: Element): string {
  return `${PREFIX}${namespace} ${name}`;
}

function sum(sizes: Iterable<number>): number {
  let total = 0;
  for (const size of sizes) total += size;
  return total;
}
