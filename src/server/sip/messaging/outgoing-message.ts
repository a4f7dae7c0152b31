// RFC 7572 section 5, RFC 7573: a message stanza as the SIP MESSAGE that a device is sent.
import { type ByteString, encodeUtf8 } from '../../../protocol/byte-string.ts';
import { serializeCpim } from '../../../protocol/msrp/cpim.ts';
import { IMDN_NAMESPACE, IMDN_TYPE, serializeImdn } from '../../../protocol/msrp/imdn.ts';
import { IS_COMPOSING_TYPE, serializeIsComposing } from '../../../protocol/msrp/is-composing.ts';
import type { Element } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';

/** A body with its type. */
export interface Content {
  type: string;
  body: ByteString;
}

const CPIM_TYPE = 'message/cpim';
/** Characters of a text, and of a subject, that a phone is sent. */
const LONGEST_TEXT = 16_000;
const LONGEST_SUBJECT = 500;
const TEXT: Content['type'] = 'text/plain;charset=UTF-8';

/**
 * `accepts`: content types that the device is known to take, besides text/plain. undefined: nothing for this device.
 * `now`: milliseconds since 1970.
 */
export function contentFor(
  message: Element,
  accepts: ReadonlySet<string> | undefined,
  now: number,
): Content | undefined {
  const cpim = accepts?.has(CPIM_TYPE) === true;
  const text = shortened(message.childText('body') ?? '', LONGEST_TEXT);
  if (text !== '') {
    const wanted = cpim ? dispositions(message) : [];
    if (wanted.length === 0) return { type: TEXT, body: encodeUtf8(text) };
    return wrapped(message, now, wanted, TEXT, text);
  }
  if (accepts === undefined) return undefined;
  if (accepts.has(IS_COMPOSING_TYPE)) {
    const state = message.elements().find(({ namespace }) => namespace === NS.CHAT_STATES);
    if (state !== undefined) {
      const composing = state.name === 'composing' ? 'active' : 'idle';
      return { type: IS_COMPOSING_TYPE, body: serializeIsComposing({ state: composing, contentType: 'text/plain' }) };
    }
  }
  return cpim ? notification(message, now) : undefined;
}

/** A subject as a header field's value; undefined: there is none. */
export function subjectOf(message: Element): ByteString | undefined {
  const subject = message.childText('subject')?.replace(/\s+/g, ' ').trim();
  return subject ? encodeUtf8(shortened(subject, LONGEST_SUBJECT)) : undefined;
}

/** When it was said, if that is some time ago (XEP-0203); milliseconds since 1970. */
export function sentAt(message: Element): number | undefined {
  const stamp = message.child('delay', NS.DELAY)?.attributes['stamp'];
  const time = stamp === undefined ? Number.NaN : Date.parse(stamp);
  return Number.isNaN(time) ? undefined : time;
}

/** Whether SIP can say it at all: a person's text, or what tells of one, that is no error and of no room. */
export function isForDevices(message: Element): boolean {
  const { type } = message.attributes;
  return type === undefined || type === 'normal' || type === 'chat' || type === 'headline';
}

/** A datagram has an end, and a phone's display: the archive has all of it. */
function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)} […]` : text;
}

/** What its sender wants to hear about it. */
function dispositions(message: Element): string[] {
  if (message.attributes['id'] === undefined) return [];
  const wanted: string[] = [];
  if (message.child('request', NS.RECEIPTS) !== undefined) wanted.push('positive-delivery');
  if (message.child('markable', NS.MARKERS) !== undefined) wanted.push('display');
  return wanted;
}

/** A receipt, or that it was seen, as an IMDN (RFC 5438 section 7). */
function notification(message: Element, now: number): Content | undefined {
  const received = message.child('received', NS.RECEIPTS);
  const seen = message.child('displayed', NS.MARKERS);
  const messageId = (received ?? seen)?.attributes['id'];
  if (messageId === undefined) return undefined;
  const dateTime = new Date(now).toISOString();
  const document = serializeImdn({
    messageId,
    dateTime,
    ...(received === undefined ? { kind: 'display', status: 'displayed' } : { kind: 'delivery', status: 'delivered' }),
  });
  return wrapped(message, now, [], IMDN_TYPE, document);
}

/** RFC 3862 with the headers of RFC 5438 section 6. */
function wrapped(message: Element, now: number, wanted: readonly string[], type: string, text: string): Content {
  const { from = '', to = '', id } = message.attributes;
  const headers: Array<[string, string]> = [
    ['From', `<im:${bare(from)}>`],
    ['To', `<im:${bare(to)}>`],
    ['DateTime', new Date(sentAt(message) ?? now).toISOString()],
    ['NS', `imdn <${IMDN_NAMESPACE}>`],
  ];
  if (id !== undefined) headers.push(['imdn.Message-ID', encodeUtf8(id)]);
  if (wanted.length > 0) headers.push(['imdn.Disposition-Notification', wanted.join(', ')]);
  const mime: Array<[string, string]> = [['Content-Type', type]];
  if (type === IMDN_TYPE) mime.push(['Content-Disposition', 'notification']);
  return { type: CPIM_TYPE, body: serializeCpim({ headers, mime, body: encodeUtf8(text) }) };
}

function bare(jid: string): ByteString {
  const slash = jid.indexOf('/');
  return encodeUtf8(slash < 0 ? jid : jid.slice(0, slash));
}
