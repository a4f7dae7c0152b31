// RFC 7572 section 4, RFC 7573: a SIP MESSAGE as the message stanza that the inbox takes.
import { type ByteString, decodeUtf8 } from '../../../protocol/byte-string.ts';
import { ProtocolError } from '../../../protocol/errors.ts';
import { type CpimMessage, cpimAddress, cpimHeader, parseCpim } from '../../../protocol/msrp/cpim.ts';
import { IMDN_NAMESPACE, IMDN_TYPE, parseImdn } from '../../../protocol/msrp/imdn.ts';
import { IS_COMPOSING_TYPE, parseIsComposing } from '../../../protocol/msrp/is-composing.ts';
import type { Request } from '../../../protocol/sip/message.ts';
import { Element, type Node, xml } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { expiry } from './message-expiry.ts';

/** Content-Type without its parameters, in lower case; '' where there is none. */
export function mediaType(request: Request): string {
  return bareType(request.get('content-type') ?? '');
}

/** What a body says: the children of its stanza, and the id that its writer gave it. */
interface Meaning {
  children: Node[];
  id?: string;
}

/**
 * The stanza from one bare address to another; undefined: of a kind that is only passed from phone to phone (another type,
 * an encoding, another disposition, an extension that its reader must know). Throws ProtocolError for what is of our kind and cannot be read (400, 413, 415), or was
 * written in somebody else's name (403). `now`: milliseconds since 1970.
 */
export function readMessage(request: Request, from: string, to: string, now: number): Element | undefined {
  if (request.has('content-encoding') || request.has('require') || !isRendered(request.get('content-disposition')))
    return undefined;
  const type = request.get('content-type');
  const meaning = type === undefined ? undefined : meaningOf(type, request.body, from);
  if (meaning === undefined) return undefined;
  const { children } = meaning;
  const subject = request.get('subject');
  if (subject !== undefined && subject !== '')
    children.unshift(xml('subject', NS.CLIENT, {}, decodeUtf8(subject) ?? subject));
  const { expires } = request;
  if (expires === 0) children.push(xml('no-store', NS.HINTS));
  else if (expires !== undefined) children.push(expiry(expires, now));
  const language = request.get('content-language');
  const attributes = {
    type: 'chat',
    // The same whenever it is sent again (by a phone that has lost the answer in a restart).
    id: meaning.id ?? `${request.callId}.${request.cseq.sequence}`,
    from,
    to,
    'xml:lang': language !== undefined && /^[A-Za-z0-9-]{2,35}$/.test(language) ? language : undefined,
  };
  return new Element('message', NS.CLIENT, attributes, children);
}

function meaningOf(type: string, body: ByteString, from: string): Meaning | undefined {
  switch (bareType(type)) {
    case 'text/plain':
      return { children: [xml('body', NS.CLIENT, {}, plainText(type, body))] };
    case IS_COMPOSING_TYPE:
      return { children: [chatState(body)] };
    case 'message/cpim':
      return cpimMeaning(parseCpim(body), from);
    default:
      return undefined;
  }
}

/** RFC 3862 around a text, with what IMDN (RFC 5438 section 6) wants to hear about it, or around such a notification. */
function cpimMeaning(cpim: CpimMessage, from: string): Meaning | undefined {
  if (isForged(cpimAddress(cpimHeader(cpim.headers, 'From')), from))
    throw new ProtocolError('SIP_BODY', 'From Of Somebody Else', { status: 403 });
  const type = cpimHeader(cpim.mime, 'Content-Type') ?? 'text/plain';
  if (cpimHeader(cpim.mime, 'Content-Transfer-Encoding') !== undefined) return undefined;
  if (bareType(type) === IMDN_TYPE) return notificationMeaning(cpim.body);
  const inside = bareType(type) === 'message/cpim' ? undefined : meaningOf(type, cpim.body, from);
  if (inside === undefined || !isRendered(cpimHeader(cpim.mime, 'Content-Disposition'))) return undefined;
  const prefix = imdnPrefix(cpim);
  const id = cpimHeader(cpim.headers, `${prefix}Message-ID`);
  const wanted = cpimHeader(cpim.headers, `${prefix}Disposition-Notification`)?.toLowerCase() ?? '';
  if (id === undefined || id.length > LONGEST_ID) return inside;
  if (wanted.includes('positive-delivery')) inside.children.push(xml('request', NS.RECEIPTS));
  if (/\bdisplay\b/.test(wanted)) inside.children.push(xml('markable', NS.MARKERS));
  return { ...inside, id: decodeUtf8(id) ?? id };
}

const LONGEST_ID = 256;

/** `imdn.` of `NS: imdn <urn:ietf:params:imdn>`; a client that does not declare it means that. */
function imdnPrefix({ headers }: CpimMessage): string {
  const declared = headers.find(([name, value]) => name === 'NS' && value.includes(`<${IMDN_NAMESPACE}>`));
  const prefix = declared?.[1].split(/[\s<]/, 1)[0];
  return prefix === '' ? '' : `${prefix ?? 'imdn'}.`;
}

/** RFC 5438 section 7 as XEP-0184 and XEP-0333. That something failed has no place there, and is passed to phones only. */
function notificationMeaning(body: ByteString): Meaning | undefined {
  const imdn = parseImdn(decodeUtf8(body) ?? '');
  if (imdn?.status === 'delivered') return { children: [xml('received', NS.RECEIPTS, { id: imdn.messageId })] };
  if (imdn?.status === 'displayed') return { children: [xml('displayed', NS.MARKERS, { id: imdn.messageId })] };
  return undefined;
}

/** It names somebody, and not its sender. (Section 3.1 of RFC 3862 allows an anonymous one.) */
function isForged(address: ByteString | undefined, from: string): boolean {
  const match = /^(?:im|sip|sips|xmpp|pres):([^@;?]+)@([^;?:]+)/i.exec(address ?? '');
  if (match === null || /^anonymous$/i.test(match[1] ?? '')) return false;
  const octets = (match[1] ?? '').replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return `${decodeUtf8(octets) ?? octets}@${match[2]}`.toLowerCase() !== from.toLowerCase();
}

function bareType(type: string): string {
  const end = type.indexOf(';');
  return (end < 0 ? type : type.slice(0, end)).trim().toLowerCase();
}

/** RFC 3261 section 20.11: what is not said is `render`. */
function isRendered(disposition: string | undefined): boolean {
  return disposition === undefined || /^render\b/i.test(disposition);
}

/** RFC 3428 section 8: UTF-8 unless it says otherwise. COMPAT: some phones write Latin-1 and say nothing. */
function plainText(type: string, body: ByteString): string {
  if (type === 'text/plain') return decodeUtf8(body) ?? body;
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(type)?.[1]?.toLowerCase() ?? 'utf-8';
  const latin = charset === 'iso-8859-1' || charset === 'us-ascii';
  const text = latin ? body : /^(?:utf-?(?:7|16|32)|ucs)/.test(charset) ? undefined : decodeUtf8(body);
  if (text === undefined && charset !== 'utf-8')
    throw new ProtocolError('SIP_BODY', 'Unknown Charset', { status: 415 });
  return text ?? body;
}

/** RFC 3994 as XEP-0085: idle is somebody who has stopped for a while. */
function chatState(body: ByteString): Element {
  const composing = parseIsComposing(decodeUtf8(body) ?? '');
  if (composing === undefined) throw new ProtocolError('SIP_BODY', 'Document Cannot Be Read', { status: 400 });
  return xml(composing.state === 'active' ? 'composing' : 'paused', NS.CHAT_STATES);
}
