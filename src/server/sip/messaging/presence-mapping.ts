// RFC 8048: presence stanzas as presence documents and back. One account's resources are the tuples of one document.
import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import type { ResourcePresence } from '../../messaging/presences.ts';
import type { PresenceDocument, Tuple } from './documents/pidf.ts';

/** RFC 4480 section 3.2: activities in which a person is not to be disturbed, or is not there. */
const BUSY = new Set([
  'busy',
  'meeting',
  'on-the-phone',
  'performance',
  'presentation',
  'appointment',
  'tv',
  'worship',
]);
const AWAY = new Set(['away', 'breakfast', 'dinner', 'holiday', 'in-transit', 'meal', 'permanent-absence', 'sleeping']);
const FURTHER_AWAY = new Set(['steering', 'travel', 'vacation', 'lunch']);

/** RFC 8048 section 4.3: what was published as an available resource of `from`; undefined: nobody is there. */
export function presenceStanza({ tuples, activities, note }: PresenceDocument, from: string): Element | undefined {
  const open = tuples.find((tuple) => tuple.open);
  if (open === undefined) return undefined;
  const show = activities.some((name) => BUSY.has(name))
    ? 'dnd'
    : activities.some((name) => AWAY.has(name) || FURTHER_AWAY.has(name))
      ? 'away'
      : undefined;
  const status = open.note ?? note ?? (activities.includes('on-the-phone') ? 'On the phone' : undefined);
  const priority = open.contact?.priority;
  return xml(
    'presence',
    NS.CLIENT,
    { from },
    show && xml('show', NS.CLIENT, {}, show),
    status === undefined ? undefined : xml('status', NS.CLIENT, {}, status),
    priority === undefined ? undefined : xml('priority', NS.CLIENT, {}, String(Math.round(priority * 127))),
  );
}

/** Tuples, and characters of a note, that one document has at most: what XMPP allows would not fit into a datagram. */
const MOST_TUPLES = 20;
const LONGEST_NOTE = 500;

/** RFC 8048 section 4.2. `busy`: on the phone, whatever the resources say. */
export function presenceDocument(
  entity: string,
  resources: Iterable<ResourcePresence>,
  busy: boolean,
): PresenceDocument {
  const tuples: Tuple[] = [];
  let best: Element | undefined;
  for (const { resource, presence } of resources) {
    if (tuples.length >= MOST_TUPLES) break;
    const status = presence.childText('status');
    const priority = priorityOf(presence);
    let id = tupleId(resource);
    // Of long names only the beginning is in it, and an ID is there once.
    if (tuples.some((other) => other.id === id)) id += `-${tuples.length}`;
    const tuple: Tuple = { id, open: true, contact: { uri: entity } };
    if (priority > 0) tuple.contact!.priority = Math.round((priority * 100) / 127) / 100;
    if (status) tuple.note = status.slice(0, LONGEST_NOTE);
    tuples.push(tuple);
    if (best === undefined || priority > priorityOf(best)) best = presence;
  }
  if (tuples.length === 0) tuples.push({ id: 'none', open: false });
  const show = best?.childText('show');
  const activity = busy
    ? 'on-the-phone'
    : show === 'dnd'
      ? 'busy'
      : show === 'away' || show === 'xa'
        ? 'away'
        : undefined;
  return { entity, tuples, activities: activity === undefined ? [] : [activity] };
}

function priorityOf(presence: Element): number {
  const text = presence.childText('priority');
  return text === undefined ? 0 : Number.parseInt(text, 10) || 0;
}

/** An xs:ID of a resource part, the same each time. */
function tupleId(resource: string): string {
  return `r-${resource.slice(0, 60).replace(/[^A-Za-z0-9-]/g, (c) => `_${c.charCodeAt(0).toString(16)}`)}`;
}
