import { type XmlElement, xml } from '@xmpp/client';
import type { ChatState } from './message-event.ts';
import { NS } from './namespaces.ts';

export interface TextOptions {
  /** The id of the message that this one answers (XEP-0461). */
  replyTo?: string;
  /** The address of whoever wrote that. */
  replyToAuthor?: string;
  /** URLs of files in it (XEP-0066). */
  files?: ReadonlyArray<{ url: string }>;
}

interface Addressed {
  to: string;
  type: 'chat' | 'groupchat';
  /** Of the new stanza. */
  id: string;
}

function message({ to, type, id }: Addressed, ...children: Array<XmlElement | undefined>): XmlElement {
  return xml('message', { to, type, id }, ...children);
}

/** Receipts are asked of a person, not of a room (XEP-0184 section 5.3). */
function asks(type: Addressed['type']): Array<XmlElement | undefined> {
  return type === 'chat'
    ? [xml('request', { xmlns: NS.RECEIPTS }), xml('markable', { xmlns: NS.MARKERS }), active()]
    : [active()];
}

const active = () => xml('active', { xmlns: NS.CHAT_STATES });
const stored = () => xml('store', { xmlns: NS.HINTS });

export function textMessage(where: Addressed, text: string, options: TextOptions = {}): XmlElement {
  return message(
    where,
    xml('body', {}, text),
    ...asks(where.type),
    options.replyTo === undefined
      ? undefined
      : xml('reply', { xmlns: NS.REPLY, id: options.replyTo, to: options.replyToAuthor }),
    ...(options.files ?? []).map(({ url }) => xml('x', { xmlns: NS.OOB }, xml('url', {}, url))),
  );
}

export function correction(where: Addressed, target: string, text: string): XmlElement {
  return message(where, xml('body', {}, text), xml('replace', { xmlns: NS.CORRECT, id: target }), ...asks(where.type));
}

export function retraction(where: Addressed, target: string): XmlElement {
  return message(
    where,
    xml('retract', { xmlns: NS.RETRACT, id: target }),
    // For clients that do not know it (XEP-0428 names such a text a fall-back).
    xml('fallback', { xmlns: 'urn:xmpp:fallback:0', for: NS.RETRACT }),
    xml('body', {}, '/me retracted an earlier message.'),
    stored(),
  );
}

export function reactions(where: Addressed, target: string, emoji: readonly string[]): XmlElement {
  return message(
    where,
    xml('reactions', { xmlns: NS.REACTIONS, id: target }, ...emoji.map((one) => xml('reaction', {}, one))),
    stored(),
  );
}

export function receipt(to: string, target: string, id: string): XmlElement {
  return message({ to, type: 'chat', id }, xml('received', { xmlns: NS.RECEIPTS, id: target }));
}

export function readMarker(where: Addressed, target: string): XmlElement {
  return message(where, xml('displayed', { xmlns: NS.MARKERS, id: target }), stored());
}

export function chatState(where: Addressed, state: ChatState): XmlElement {
  return message(where, xml(state, { xmlns: NS.CHAT_STATES }), xml('no-store', { xmlns: NS.HINTS }));
}
