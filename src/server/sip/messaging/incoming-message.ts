// RFC 7572 section 4, RFC 7573: a SIP MESSAGE as the message stanza that the inbox takes.
import { decodeUtf8 } from '../../../protocol/byte-string.ts';
import { ProtocolError } from '../../../protocol/errors.ts';
import type { Request } from '../../../protocol/sip/message.ts';
import { Element, type Node, xml } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { IS_COMPOSING_TYPE, readIsComposing } from './documents/is-composing.ts';
import { xmlText } from './xml-text.ts';

/** A Content-Type without its parameters, in lower case; '' where there is none. */
export function mediaType(request: Request): string {
  const type = request.get('content-type');
  if (type === undefined) return '';
  const end = type.indexOf(';');
  return (end < 0 ? type : type.slice(0, end)).trim().toLowerCase();
}

/**
 * The stanza from one bare address to another; undefined: of a kind that is only passed from phone to phone (another type,
 * an encoding, another disposition). Throws ProtocolError 400, 413 or 415 for what is of our kind and cannot be read.
 */
export function readMessage(request: Request, from: string, to: string): Element | undefined {
  if (request.has('content-encoding') || !isRendered(request)) return undefined;
  switch (mediaType(request)) {
    case 'text/plain':
      return stanza(request, from, to, [
        xml('body', NS.CLIENT, {}, plainText(request.get('content-type') ?? '', request.body)),
      ]);
    case IS_COMPOSING_TYPE:
      return stanza(request, from, to, [chatState(request.body)]);
    default:
      return undefined;
  }
}

/**
 * Its id is the Call-ID with the CSeq number, which is the same whenever it is sent again (by a phone that has lost the
 * answer in a restart).
 */
function stanza(request: Request, from: string, to: string, children: Node[]): Element {
  const subject = request.get('subject');
  if (subject !== undefined && subject !== '')
    children.unshift(xml('subject', NS.CLIENT, {}, xmlText(decodeUtf8(subject) ?? subject)));
  const language = request.get('content-language');
  const attributes = {
    type: 'chat',
    id: `${request.callId}.${request.cseq.sequence}`,
    from,
    to,
    'xml:lang': language !== undefined && /^[A-Za-z0-9-]{2,35}$/.test(language) ? language : undefined,
  };
  return new Element('message', NS.CLIENT, attributes, children);
}

/** RFC 3261 section 20.11: what is not said is `render`. */
function isRendered(request: Request): boolean {
  const disposition = request.get('content-disposition');
  return disposition === undefined || /^render\b/i.test(disposition);
}

/** RFC 3428 section 8: UTF-8 unless it says otherwise. COMPAT: some phones write Latin-1 and say nothing. */
export function plainText(type: string, body: string): string {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(type)?.[1]?.toLowerCase() ?? 'utf-8';
  const latin = charset === 'iso-8859-1' || charset === 'us-ascii';
  const text = latin ? body : decodeUtf8(body);
  if (text === undefined && charset !== 'utf-8')
    throw new ProtocolError('SIP_BODY', 'Unknown Charset', { status: 415 });
  return xmlText(text ?? body);
}

/** RFC 3994 as XEP-0085: idle is somebody who has stopped for a while. */
export function chatState(body: string): Element {
  return xml(readIsComposing(body) === 'active' ? 'composing' : 'paused', NS.CHAT_STATES);
}
