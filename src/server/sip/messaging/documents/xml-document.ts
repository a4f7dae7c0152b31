// XML documents in SIP bodies: UTF-8 octets with a declaration and comments, read by XMPP's strict parser. What else RFC 6120
// section 11.1 forbids a stream (instructions, a DTD) is refused here too: no phone that was tried writes them.
import { type ByteString, decodeUtf8 } from '../../../../protocol/byte-string.ts';
import { ProtocolError } from '../../../../protocol/errors.ts';
import type { Element } from '../../../../protocol/xmpp/element.ts';
import { parseElement } from '../../../../protocol/xmpp/tokenizer.ts';

/** Presence and its kin are small: whatever needs more than this means harm. */
const LIMITS = {
  length: 16_384,
  depth: 12,
  elements: 500,
  attributes: 20,
  allAttributes: 1_000,
  nameLength: 100,
  prefixes: 20,
};
const COMMENT = /<!--(?:(?!--)[\s\S])*-->/g;
export const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\r\n';
const DECLARATION = /^\ufeff?\s*(?:<\?xml\s[^?<>]{0,100}\?>\s*)?/;

/** The root element. Throws ProtocolError 413 for a document that is too large, 400 for what is no such XML. */
export function readXml(body: ByteString): Element {
  if (body.length > LIMITS.length) throw new ProtocolError('SIP_BODY', 'Document Too Large', { status: 413 });
  const text = decodeUtf8(body);
  if (text === undefined) throw unreadable();
  try {
    return parseElement(text.replace(DECLARATION, '').replace(COMMENT, '').trim(), LIMITS);
  } catch (error) {
    if (error instanceof ProtocolError) throw unreadable();
    throw error;
  }
}

export function unreadable(): ProtocolError {
  return new ProtocolError('SIP_BODY', 'Document Cannot Be Read', { status: 400 });
}
