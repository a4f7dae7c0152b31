// RFC 6120 section 8: what makes a stanza, whatever it carries.
import type { Element } from './element.ts';
import { NS } from './namespaces.ts';
import { STANZA_CONDITIONS, type StanzaCondition, StanzaError, type StanzaErrorType } from './stanza-error.ts';

/** RFC 6121 section 5.2.2. */
export type MessageType = 'chat' | 'error' | 'groupchat' | 'headline' | 'normal';

const MESSAGE_TYPES = new Set(['chat', 'error', 'groupchat', 'headline', 'normal']);
const PRESENCE_TYPES = new Set([
  'error',
  'probe',
  'subscribe',
  'subscribed',
  'unavailable',
  'unsubscribe',
  'unsubscribed',
]);

/** A type that nobody knows is normal (RFC 6121 section 5.2.2). */
export function messageType(message: Element): MessageType {
  const { type } = message.attributes;
  return type !== undefined && MESSAGE_TYPES.has(type) ? (type as MessageType) : 'normal';
}

/** Throws `StanzaError` (bad-request) where a stanza is none that RFC 6120 section 8 and RFC 6121 know. */
export function checkStanza(stanza: Element): void {
  const { type } = stanza.attributes;
  if (stanza.name === 'iq') checkIq(stanza);
  else if (stanza.name === 'presence' && type !== undefined && !PRESENCE_TYPES.has(type))
    throw new StanzaError('bad-request', 'A presence has no such type');
}

/** Section 8.2.3, its rules by number. */
function checkIq(iq: Element): void {
  const { id, type } = iq.attributes;
  // 1. the id is required
  if (id === undefined || id === '') throw new StanzaError('bad-request', 'An iq has an id');
  const children = iq.elements().length;
  switch (type) {
    case 'get': // 5. exactly one child says what is asked
    case 'set':
      if (children !== 1) throw new StanzaError('bad-request', 'An iq that asks has exactly one child');
      return;
    case 'result': // 6. none or one
      if (children > 1) throw new StanzaError('bad-request', 'A result has at most one child');
      return;
    case 'error': // 7. the error, and perhaps what it answers
      if (iq.child('error') === undefined) throw new StanzaError('bad-request', 'An error says which');
      return;
    default: // 2. the type is required, and one of these
      throw new StanzaError('bad-request', 'An iq has no such type');
  }
}

/** Whether an error may answer it: never an error or a result (section 8.3.1). An iq of no type that there is, is told so. */
export function isAnswerable(stanza: Element): boolean {
  const { type } = stanza.attributes;
  return type !== 'error' && !(stanza.name === 'iq' && type === 'result');
}

/** What an iq of type get or set asks: its one child. Of one that `checkStanza` has passed. */
export function payloadOf(iq: Element): Element {
  for (const child of iq.children) if (typeof child === 'object') return child;
  throw new StanzaError('bad-request', 'An iq that asks has exactly one child');
}

/** The error that a stanza of type error carries; a condition nobody knows is undefined-condition. */
export function errorOf(stanza: Element): StanzaError | undefined {
  const error = stanza.child('error');
  if (error === undefined) return undefined;
  let condition: StanzaCondition = 'undefined-condition';
  let application: Element | undefined;
  for (const child of error.elements()) {
    if (child.namespace !== NS.STANZAS) application = child;
    else if (Object.hasOwn(STANZA_CONDITIONS, child.name)) condition = child.name as StanzaCondition;
  }
  const type = error.attributes['type'];
  return new StanzaError(condition, error.childText('text', NS.STANZAS) ?? '', {
    ...(ERROR_TYPES.has(type ?? '') && { type: type as StanzaErrorType }),
    ...(application && { application }),
  });
}

const ERROR_TYPES = new Set(['auth', 'cancel', 'continue', 'modify', 'wait']);
