// Indication of message composition (RFC 3994).
import type { ByteString } from '../../../../protocol/byte-string.ts';
import { readXml, unreadable, XML_DECLARATION } from './xml-document.ts';

export const IS_COMPOSING_TYPE = 'application/im-iscomposing+xml';
const NAMESPACE = 'urn:ietf:params:xml:ns:im-iscomposing';

/** Throws ProtocolError 400 or 413. */
export function readIsComposing(body: ByteString): 'active' | 'idle' {
  const root = readXml(body);
  if (!root.is('isComposing', NAMESPACE)) throw unreadable();
  // Section 3.3: a state that is not known counts as idle.
  return root.childText('state')?.trim() === 'active' ? 'active' : 'idle';
}

export function writeIsComposing(state: 'active' | 'idle'): ByteString {
  return `${XML_DECLARATION}<isComposing xmlns="${NAMESPACE}"><state>${state}</state><contenttype>text/plain</contenttype></isComposing>\r\n`;
}
