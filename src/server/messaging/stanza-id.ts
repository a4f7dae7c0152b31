import { type Element, xml } from '../../protocol/xmpp/element.ts';
import { NS } from '../../protocol/xmpp/namespaces.ts';

// XEP-0359: the id under which an archive keeps a stanza. It means something only because nobody but `by` can write it.

/** The message with that id added: what is given to the archive's owner. */
export function withStanzaId(message: Element, by: string, id: string): Element {
  return message.adding(xml('stanza-id', NS.SID, { by, id }));
}

export function stanzaIdBy(message: Element, by: string): string | undefined {
  for (const found of message.elements('stanza-id', NS.SID))
    if (found.attributes['by'] === by) return found.attributes['id'];
  return undefined;
}

/**
 * Section 6: takes away the ids that claim to be of an address of ours, and the times since when we claim to have had it
 * (XEP-0203). The same message, where there are none.
 */
export function withoutForgeries(message: Element, domain: string): Element {
  const forged = (child: Element | string) => {
    if (typeof child === 'string') return false;
    if (child.namespace === NS.SID && child.name === 'stanza-id') return isOurs(child.attributes['by'] ?? '', domain);
    return child.namespace === NS.DELAY && child.name === 'delay' && child.attributes['from'] === domain;
  };
  return message.children.some(forged) ? message.holding(message.children.filter((child) => !forged(child))) : message;
}

function isOurs(address: string, domain: string): boolean {
  return address === domain || address.endsWith(`@${domain}`) || address.endsWith(`.${domain}`);
}
