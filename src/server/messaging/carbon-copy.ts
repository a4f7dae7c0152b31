import { Element, xml } from '../../protocol/xmpp/element.ts';
import { NS } from '../../protocol/xmpp/namespaces.ts';

/**
 * XEP-0280 sections 6 and 7: a message of one device as another of the same account is shown it. From the account's bare
 * address, which is how a client knows that nobody else made it.
 */
export function carbonCopy(direction: 'received' | 'sent', owner: string, message: Element): Element {
  const { type } = message.attributes;
  const forwarded = xml('forwarded', NS.FORWARD, {}, message);
  return new Element('message', NS.CLIENT, { from: owner, type }, [xml(direction, NS.CARBONS, {}, forwarded)]);
}

/** The message inside, of what was made by `carbonCopy`. */
export function insideCarbon(message: Element): { direction: 'received' | 'sent'; message: Element } | undefined {
  for (const direction of ['received', 'sent'] as const) {
    const inside = message.child(direction, NS.CARBONS)?.child('forwarded', NS.FORWARD)?.child('message', NS.CLIENT);
    if (inside !== undefined) return { direction, message: inside };
  }
  return undefined;
}
