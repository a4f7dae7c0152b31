// RFC 7572 section 5, RFC 7573: a message stanza as the SIP MESSAGE that a device is sent.
import { type ByteString, encodeUtf8 } from '../../../protocol/byte-string.ts';
import type { Element } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { IS_COMPOSING_TYPE, writeIsComposing } from './documents/is-composing.ts';

/** A body with its type. */
export interface Content {
  type: string;
  body: ByteString;
}

/** `accepts`: content types that the device is known to take, besides text/plain. undefined: nothing for this device. */
export function contentFor(message: Element, accepts: ReadonlySet<string> | undefined): Content | undefined {
  const body = message.childText('body');
  if (body !== undefined && body !== '') return { type: 'text/plain;charset=UTF-8', body: encodeUtf8(body) };
  if (accepts === undefined) return undefined;
  if (accepts.has(IS_COMPOSING_TYPE)) {
    const [state] = message.elements().filter(({ namespace }) => namespace === NS.CHAT_STATES);
    if (state !== undefined)
      return { type: IS_COMPOSING_TYPE, body: writeIsComposing(state.name === 'composing' ? 'active' : 'idle') };
  }
  return undefined;
}

/** Whether SIP can say it at all: a person's text, or what tells of one, that is no error and of no room. */
export function isForDevices(message: Element): boolean {
  const { type } = message.attributes;
  return type === undefined || type === 'normal' || type === 'chat' || type === 'headline';
}
