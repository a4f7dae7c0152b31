// Presence documents: PIDF (RFC 3863) with the data model (RFC 4479) and activities of RPID (RFC 4480).
import { type ByteString, encodeUtf8 } from '../../../../protocol/byte-string.ts';
import type { Element } from '../../../../protocol/xmpp/element.ts';
import { escapeAttribute, escapeText } from '../../../../protocol/xmpp/escape.ts';
import { readXml, unreadable, XML_DECLARATION } from './xml-document.ts';

export const PIDF_TYPE = 'application/pidf+xml';
const PIDF = 'urn:ietf:params:xml:ns:pidf';
const DATA_MODEL = 'urn:ietf:params:xml:ns:pidf:data-model';
const RPID = 'urn:ietf:params:xml:ns:pidf:rpid';

/** One way to reach a person (RFC 3863 section 4.1.2). */
export interface Tuple {
  id: string;
  /** `<basic>`; undefined counts as closed. */
  open: boolean;
  /** A URI, with its priority from 0 to 1. */
  contact?: { uri: string; priority?: number };
  note?: string;
}

export interface PresenceDocument {
  /** The presentity's URI. */
  entity: string;
  tuples: readonly Tuple[];
  /** What the person does, as RFC 4480 section 3.2 names it: `away`, `busy`, `on-the-phone`, ... */
  activities: readonly string[];
  /** Of the person, or of the whole. */
  note?: string | undefined;
}

const MOST_TUPLES = 20;
const MOST_ACTIVITIES = 10;
/** Characters of a note that are kept. */
const LONGEST_NOTE = 500;

/** Throws ProtocolError 400 or 413. What it does not know is passed over (RFC 3863 section 4.2.3). */
export function readPidf(body: ByteString): PresenceDocument {
  const root = readXml(body);
  if (!root.is('presence', PIDF)) throw unreadable();
  const tuples = root.elements('tuple').slice(0, MOST_TUPLES).map(readTuple);
  const activities: string[] = [];
  let note = noteOf(root, PIDF);
  // COMPAT: older phones (RFC 3863 before the data model) write activities into the tuple's status.
  const holders = [...root.elements('person', DATA_MODEL), ...root.elements('tuple').slice(0, MOST_TUPLES)];
  for (const holder of holders) {
    if (holder.name === 'person') note ??= noteOf(holder, DATA_MODEL) ?? noteOf(holder, RPID);
    for (const inside of [holder, holder.child('status')])
      for (const list of inside?.elements('activities', RPID) ?? []) {
        note ??= noteOf(list, RPID);
        for (const { name, namespace } of list.elements())
          if (namespace === RPID && name !== 'note' && activities.length < MOST_ACTIVITIES) activities.push(name);
      }
  }
  return { entity: root.attributes['entity'] ?? '', tuples, activities, note };
}

function readTuple(element: Element): Tuple {
  const tuple: Tuple = {
    id: element.attributes['id'] ?? '',
    open: element.child('status')?.childText('basic')?.trim() === 'open',
  };
  const contact = element.child('contact');
  if (contact !== undefined) {
    const priority = Number(contact.attributes['priority'] ?? Number.NaN);
    tuple.contact = { uri: contact.text.trim() };
    if (priority >= 0 && priority <= 1) tuple.contact.priority = priority;
  }
  const note = noteOf(element, PIDF);
  if (note !== undefined) tuple.note = note;
  return tuple;
}

function noteOf(element: Element, namespace: string): string | undefined {
  const text = element.childText('note', namespace)?.trim();
  return text === undefined || text === '' ? undefined : text.slice(0, LONGEST_NOTE).toWellFormed();
}

/** COMPAT: baresip 1.0 looks for the text `<basic>` and `<rpid:busy/>`, so the prefixes are the customary ones. */
export function writePidf({ entity, tuples, activities, note }: PresenceDocument): ByteString {
  let text = `${XML_DECLARATION}<presence xmlns="${PIDF}" xmlns:dm="${DATA_MODEL}" xmlns:rpid="${RPID}" entity="${escapeAttribute(entity)}">\r\n`;
  for (const tuple of tuples) {
    text += `<tuple id="${escapeAttribute(tuple.id)}"><status><basic>${tuple.open ? 'open' : 'closed'}</basic></status>`;
    if (tuple.contact !== undefined) {
      const { uri, priority } = tuple.contact;
      text += `<contact${priority === undefined ? '' : ` priority="${priority}"`}>${escapeText(uri)}</contact>`;
    }
    if (tuple.note !== undefined) text += `<note>${escapeText(tuple.note)}</note>`;
    text += '</tuple>\r\n';
  }
  if (note !== undefined) text += `<note>${escapeText(note)}</note>\r\n`;
  if (activities.length > 0) {
    const list = activities.map((name) => `<rpid:${name}/>`).join('');
    text += `<dm:person id="person"><rpid:activities>${list}</rpid:activities></dm:person>\r\n`;
  }
  return encodeUtf8(`${text}</presence>\r\n`);
}
