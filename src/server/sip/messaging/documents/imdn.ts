// Instant message disposition notifications (RFC 5438 section 7): that a message was delivered, or displayed.
import { type ByteString, encodeUtf8 } from '../../../../protocol/byte-string.ts';
import { escapeText } from '../../../../protocol/xmpp/escape.ts';
import { readXml, unreadable, XML_DECLARATION } from './xml-document.ts';

export const IMDN_TYPE = 'message/imdn+xml';
/** Of the headers that IMDN adds to CPIM (section 6). */
export const IMDN_HEADERS = 'urn:ietf:params:imdn';
const NAMESPACE = 'urn:ietf:params:xml:ns:imdn';

export interface Disposition {
  messageId: string;
  kind: 'delivery' | 'display';
  /** `delivered` or `displayed`; false: it failed, or is forbidden. */
  happened: boolean;
}

/** undefined: of a kind that is of no use here (processing). Throws ProtocolError 400 or 413. */
export function readImdn(body: ByteString): Disposition | undefined {
  const root = readXml(body);
  const messageId = root.childText('message-id')?.trim();
  if (!root.is('imdn', NAMESPACE) || !messageId) throw unreadable();
  const delivery = root.child('delivery-notification')?.child('status');
  if (delivery !== undefined)
    return { messageId, kind: 'delivery', happened: delivery.child('delivered') !== undefined };
  const display = root.child('display-notification')?.child('status');
  return display && { messageId, kind: 'display', happened: display.child('displayed') !== undefined };
}

/** `time`: when the message that it is about was sent (RFC 3339); not known: now. */
export function writeImdn(messageId: string, kind: 'delivery' | 'display', time: string): ByteString {
  const status = kind === 'delivery' ? 'delivered' : 'displayed';
  return encodeUtf8(
    `${XML_DECLARATION}<imdn xmlns="${NAMESPACE}"><message-id>${escapeText(messageId)}</message-id><datetime>${escapeText(time)}</datetime><${kind}-notification><status><${status}/></status></${kind}-notification></imdn>\r\n`,
  );
}
