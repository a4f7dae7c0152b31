import { type Element, xml } from './element.ts';
import { NS } from './namespaces.ts';

/** RFC 6120 section 8.3.2. */
export type StanzaErrorType = 'auth' | 'cancel' | 'continue' | 'modify' | 'wait';

/** RFC 6120 section 8.3.3, each with its usual type. */
export const STANZA_CONDITIONS = {
  'bad-request': 'modify',
  conflict: 'cancel',
  'feature-not-implemented': 'cancel',
  forbidden: 'auth',
  gone: 'cancel',
  'internal-server-error': 'cancel',
  'item-not-found': 'cancel',
  'jid-malformed': 'modify',
  'not-acceptable': 'modify',
  'not-allowed': 'cancel',
  'not-authorized': 'auth',
  'policy-violation': 'modify',
  'recipient-unavailable': 'wait',
  redirect: 'modify',
  'registration-required': 'auth',
  'remote-server-not-found': 'cancel',
  'remote-server-timeout': 'wait',
  'resource-constraint': 'wait',
  'service-unavailable': 'cancel',
  'subscription-required': 'auth',
  'undefined-condition': 'cancel',
  'unexpected-request': 'wait',
} as const satisfies Record<string, StanzaErrorType>;

export type StanzaCondition = keyof typeof STANZA_CONDITIONS;

/** The answer to one stanza is an error; thrown by whoever handles it, answered in one place. */
export class StanzaError extends Error {
  readonly condition: StanzaCondition;
  readonly type: StanzaErrorType;
  /** An application's own condition beside the defined one (section 8.3.4). */
  readonly application: Element | undefined;

  /** `text` goes on the wire: it says what is wrong and quotes no secret. */
  constructor(condition: StanzaCondition, text = '', options: { type?: StanzaErrorType; application?: Element } = {}) {
    super(text);
    this.name = 'StanzaError';
    this.condition = condition;
    this.type = options.type ?? STANZA_CONDITIONS[condition];
    this.application = options.application;
  }

  /** `by`: who found it (a room, a server). */
  toElement(by?: string): Element {
    return xml(
      'error',
      NS.CLIENT,
      { type: this.type, by },
      xml(this.condition, NS.STANZAS),
      this.message === '' ? undefined : xml('text', NS.STANZAS, { 'xml:lang': 'en' }, this.message),
      this.application,
    );
  }
}

/** The error answer to a stanza (section 8.3.1): addresses swapped, id kept. Never to an error. */
export function errorReply(stanza: Element, error: StanzaError): Element {
  const { to, from, id } = stanza.attributes;
  return xml(stanza.name, stanza.namespace, { type: 'error', from: to, to: from, id }, error.toElement());
}

/** The result of an IQ (section 8.2.3). */
export function resultReply(iq: Element, payload?: Element): Element {
  const { to, from, id } = iq.attributes;
  return xml('iq', iq.namespace, { type: 'result', from: to, to: from, id }, payload);
}
