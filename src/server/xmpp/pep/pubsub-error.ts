import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { type StanzaCondition, StanzaError } from '../../../protocol/xmpp/stanza-error.ts';

const ERRORS = 'http://jabber.org/protocol/pubsub#errors';

/** An error with pubsub's own condition beside the general one (XEP-0060). */
export function pubsubError(condition: StanzaCondition, own: string, text = ''): StanzaError {
  return new StanzaError(condition, text, { application: xml(own, ERRORS) });
}

export function unsupported(feature: string): StanzaError {
  return new StanzaError('feature-not-implemented', '', { application: xml('unsupported', ERRORS, { feature }) });
}

export function nodeOf(element: Element): string {
  const { node } = element.attributes;
  if (node === undefined || node === '') throw pubsubError('bad-request', 'nodeid-required');
  return node;
}
