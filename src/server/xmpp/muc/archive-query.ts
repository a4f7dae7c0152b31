import { dataForm, formIn } from '../../../protocol/xmpp/data-form.ts';
import { parseDateTime } from '../../../protocol/xmpp/date-time.ts';
import { delay } from '../../../protocol/xmpp/delay.ts';
import { Element, xml } from '../../../protocol/xmpp/element.ts';
import { type Jid, parseJid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { pageRequest, resultSet } from '../../../protocol/xmpp/result-set.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { ArchivedMessage, ArchiveQuery } from '../../../storage/messaging.ts';
import { withoutAddress } from './archived-message.ts';
import type { Room } from './room.ts';

// XEP-0313 for a room (section 6.1.2): whoever may enter may read.

/** Throws what somebody who may not read is told. */
function requireReader(room: Room, from: Jid): void {
  const affiliation = room.affiliationOf(from);
  const inside = room.occupants.at(from) !== undefined;
  if (room.locked && affiliation !== 'owner') throw new StanzaError('item-not-found', 'The room is not open yet.');
  if (affiliation === 'outcast') throw new StanzaError('forbidden', 'You are banned from this room.');
  if (room.entryRole(from) === 'none') throw new StanzaError('forbidden', 'The room is for members only.');
  // A password cannot be given with a query: being in the room, or on its lists, stands for it.
  if (room.configuration.password !== undefined && !inside && affiliation === 'none')
    throw new StanzaError('forbidden', 'The room has a password: enter first.');
}

/** Section 4.2.1: what can be asked by. */
export function archiveForm(room: Room, from: Jid): Element {
  requireReader(room, from);
  return xml(
    'query',
    NS.MAM,
    {},
    dataForm('form', NS.MAM, [
      { name: 'with', type: 'jid-single' },
      { name: 'start', type: 'text-single' },
      { name: 'end', type: 'text-single' },
      { name: 'before-id', type: 'text-single' },
      { name: 'after-id', type: 'text-single' },
      { name: 'ids', type: 'list-multi' },
    ]),
  );
}

/** Section 5: the messages go to whoever asked, and then the answer, which is the promise's. */
export async function queryArchive(room: Room, from: Jid, query: Element): Promise<Element> {
  requireReader(room, from);
  const request = pageRequest(query) ?? {};
  const search = archiveQuery(room, query, request);
  const { archive } = room.ports;
  const [page, count] =
    request.max === 0
      ? [{ messages: [], complete: false }, await archive.count(search, 1_000_000)]
      : [await archive.page(search), undefined];
  if (search.ids !== undefined && page.messages.length < search.ids.length)
    throw new StanzaError('item-not-found', 'A message is not in the archive.');
  const address = room.maySeeAddresses(room.actingRole(from));
  for (const message of page.messages) room.send(result(room, message, query.attributes['queryid'], address), from);
  const [first, last] = [page.messages[0]?.id, page.messages.at(-1)?.id];
  const set = resultSet({
    ...(first !== undefined && { first }),
    ...(last !== undefined && { last }),
    ...(count !== undefined && { count }),
  });
  return xml(
    'fin',
    NS.MAM,
    { complete: page.complete ? 'true' : undefined, queryid: query.attributes['queryid'] },
    set,
  );
}

function archiveQuery(
  room: Room,
  query: Element,
  request: { max?: number; after?: string; before?: string },
): ArchiveQuery {
  const form = formIn(query, NS.MAM);
  const value = (name: string) => form?.values.get(name)?.[0];
  const time = (name: string) => {
    const text = value(name);
    if (text === undefined) return undefined;
    const read = parseDateTime(text);
    if (read === undefined) throw new StanzaError('bad-request', `${name} is no time.`);
    return read;
  };
  const most = room.ports.limits.archivePage;
  const ids = form?.values.get('ids');
  if (ids !== undefined && ids.length > most) throw new StanzaError('policy-violation', 'Too many ids at once.');
  const peer = value('with') === undefined ? undefined : parseJid(value('with') ?? '');
  if (value('with') !== undefined && peer === undefined) throw new StanzaError('jid-malformed', 'with is no address.');
  const end = time('end');
  const after = request.after ?? value('after-id');
  const before = request.before || value('before-id');
  return {
    owner: room.jid.bare,
    // Real addresses are not looked for: that would tell who is who (section 4.1.1).
    ...(peer !== undefined && peer.full !== room.jid.bare && { peer: peer.full }),
    // A room of the same name that was there before is none of this one's business.
    start: Math.max(time('start') ?? 0, room.created),
    ...(end !== undefined && { end }),
    ...(after !== undefined && { afterId: after }),
    ...(before !== undefined && { beforeId: before }),
    ...(ids !== undefined && { ids }),
    limit: Math.min(request.max ?? most, most),
    backwards: request.before !== undefined,
  };
}

function result(room: Room, message: ArchivedMessage, queryid: string | undefined, address: boolean): Element {
  const text = address ? message.stanza : withoutAddress(message.stanza);
  const forwarded = new Element(
    'forwarded',
    NS.FORWARD,
    {},
    [],
    delay(room.jid.bare, message.time).serialize(NS.FORWARD) + text,
  );
  return xml(
    'message',
    NS.CLIENT,
    { from: room.jid.bare, id: room.ports.randomId() },
    xml('result', NS.MAM, { queryid, id: message.id }, forwarded),
  );
}

/** Section 6: where the archive begins and ends. */
export async function archiveMetadata(room: Room, from: Jid): Promise<Element> {
  requireReader(room, from);
  const search = { owner: room.jid.bare, start: room.created, limit: 1 };
  const [oldest, newest] = await Promise.all([
    room.ports.archive.page(search),
    room.ports.archive.page({ ...search, backwards: true }),
  ]);
  const end = (name: string, message: ArchivedMessage | undefined) =>
    message && xml(name, NS.MAM, { id: message.id, timestamp: new Date(message.time).toISOString() });
  return xml('metadata', NS.MAM, {}, end('start', oldest.messages[0]), end('end', newest.messages[0]));
}
