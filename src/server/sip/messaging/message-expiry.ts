// Expires of a MESSAGE (RFC 3428 section 5): how long it is of use. In a stanza it is XEP-0023's element, which nobody else minds.
import { type Element, xml } from '../../../protocol/xmpp/element.ts';

const NAMESPACE = 'jabber:x:expire';

/** Of use for so many seconds from now (milliseconds since 1970). */
export function expiry(seconds: number, now: number): Element {
  return xml('x', NAMESPACE, { seconds: String(seconds), stored: String(Math.floor(now / 1000)) });
}

/** It has waited for too long. */
export function hasMessageExpired(message: Element, now: number): boolean {
  const attributes = message.child('x', NAMESPACE)?.attributes;
  return Number(attributes?.['stored']) + Number(attributes?.['seconds']) < now / 1000;
}
