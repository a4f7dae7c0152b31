import { dataForm, type FilledForm, formIn } from '../../protocol/xmpp/data-form.ts';
import { formatDateTime, parseDateTime } from '../../protocol/xmpp/date-time.ts';
import { Element, xml } from '../../protocol/xmpp/element.ts';
import { type Jid, parseJid } from '../../protocol/xmpp/jid.ts';
import { NS } from '../../protocol/xmpp/namespaces.ts';
import { type PageRequest, pageRequest, resultSet } from '../../protocol/xmpp/result-set.ts';
import { StanzaError } from '../../protocol/xmpp/stanza-error.ts';
import type { ArchivedMessage, ArchiveQuery, ArchiveStore } from '../../storage/messaging.ts';

// XEP-0313 over an archive, whoever's it is: an account's, a room's.

const FIELDS = ['with', 'start', 'end', 'before-id', 'after-id', 'ids', 'include-groupchat'] as const;
/** What an archive of this protocol can do (section 8). */
export const ARCHIVE_FEATURES = [NS.MAM, `${NS.MAM}#extended`, NS.SID] as const;
/** Counting stops here; of more it is not said how many there are. */
const COUNTED = 1_000;
/** UTF-16 units of one page, whatever it may have by number: a reader that acknowledges late can still hold it. */
const PAGE_LENGTH = 512 * 1024;
/** Of one query by ids. */
const IDS = 250;

/** What answering takes of a store. */
export type ReadableArchive = Pick<ArchiveStore, 'page' | 'count' | 'find'>;

export interface ArchiveAnswerOptions {
  archive: ReadableArchive;
  owner: string;
  /** Nothing from before that time is shown: Unix milliseconds. */
  since?: number;
  /** Under which address an archive keeps what was exchanged with somebody; undefined: that is all of it. Default: bare. */
  peer?: (address: Jid) => string | undefined;
  /** Messages of one page. */
  most: number;
  /** Who answers: a room's address. Undefined: one's own account. */
  from?: string;
  /** To whom. */
  to: string;
  /** As it may be shown, in the place of what is stored. */
  show?: (message: ArchivedMessage) => string;
  send: (message: Element) => void;
}

/** Whose messages are wanted alone (section 4.1.1); undefined: everybody's, or no address. */
export function wantedPeer(query: Element): Jid | undefined {
  return parseJid(formIn(query, NS.MAM)?.values.get('with')?.[0] ?? '');
}

/** Section 4.1.4: which fields a query may have. */
export function archiveForm(): Element {
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

/** Section 4: sends the page, and gives the `<fin/>` that goes into the result after it. Throws StanzaError. */
export async function answerArchiveQuery(query: Element, options: ArchiveAnswerOptions): Promise<Element> {
  const { archive, from, to, send } = options;
  const form = formIn(query, NS.MAM);
  const page = pageRequest(query) ?? {};
  const wanted = await readQuery(form, page, options);
  const found = wanted.limit === 0 ? { messages: [], complete: false } : await archive.page(wanted);
  if (wanted.ids !== undefined && found.messages.length < new Set(wanted.ids).size)
    throw new StanzaError('item-not-found');
  const messages = shortened(found.messages, wanted.backwards === true);
  const complete = found.complete && messages.length === found.messages.length;
  const queryid = query.attributes['queryid'];
  const show = options.show ?? (({ stanza }: ArchivedMessage) => stanza);
  const flipped = query.child('flip-page') !== undefined;
  for (const message of flipped ? messages.toReversed() : messages) {
    const stamp = xml('delay', NS.DELAY, { stamp: formatDateTime(message.time) });
    // The stanza goes into it as the text that it is kept as.
    const forwarded = new Element('forwarded', NS.FORWARD, {}, [], stamp.serialize(NS.FORWARD) + show(message));
    const result = xml('result', NS.MAM, { queryid, id: message.id }, forwarded);
    send(new Element('message', NS.CLIENT, { from, to }, [result]));
  }
  const { afterId: _, beforeId: __, ...matching } = wanted;
  const count = await archive.count({ ...matching, ...idBounds(form) }, COUNTED);
  const [first, last] = [messages[0]?.id, messages.at(-1)?.id];
  const set = resultSet({
    ...(first !== undefined && last !== undefined && { first, last }),
    ...(count < COUNTED && { count }),
  });
  return xml('fin', NS.MAM, { queryid, complete: complete ? 'true' : undefined }, set);
}

/** As many of them as a page may hold, and one at least; from the end that it was read from. */
function shortened(messages: readonly ArchivedMessage[], backwards: boolean): readonly ArchivedMessage[] {
  let length = 0;
  for (let i = 0; i < messages.length; i++) {
    length += messages.at(backwards ? -1 - i : i)?.stanza.length ?? 0;
    if (length > PAGE_LENGTH && i > 0) return backwards ? messages.slice(-i) : messages.slice(0, i);
  }
  return messages;
}

/** Section 5: the oldest and the newest of an archive; `since`: of what came later than that. */
export async function archiveMetadata(archive: ArchiveStore, owner: string, since?: number): Promise<Element> {
  const ends = since === undefined ? await archive.ends(owner) : await endsSince(archive, owner, since);
  const end = (name: string, { id, time }: ArchivedMessage) =>
    xml(name, NS.MAM, { id, timestamp: formatDateTime(time) });
  return ends === undefined
    ? xml('metadata', NS.MAM)
    : xml('metadata', NS.MAM, {}, end('start', ends.first), end('end', ends.last));
}

async function endsSince(archive: ArchiveStore, owner: string, start: number) {
  const one = { owner, start, limit: 1 };
  const [oldest, newest] = await Promise.all([archive.page(one), archive.page({ ...one, backwards: true })]);
  const [first, last] = [oldest.messages[0], newest.messages[0]];
  return first && last && { first, last };
}

async function readQuery(
  form: FilledForm | undefined,
  page: PageRequest,
  { archive, owner, most, since = 0, peer: peerOf = ({ bare }) => bare }: ArchiveAnswerOptions,
): Promise<ArchiveQuery> {
  for (const name of form?.values.keys() ?? [])
    if (name !== 'FORM_TYPE' && !(FIELDS as readonly string[]).includes(name))
      throw new StanzaError('feature-not-implemented', `there is no field ${name.slice(0, 40)}`);
  if (page.index !== undefined) throw new StanzaError('feature-not-implemented', 'pages are found by id');
  const value = (name: (typeof FIELDS)[number]) => form?.values.get(name)?.[0];
  const time = (name: 'start' | 'end') => {
    const text = value(name);
    if (text === undefined) return undefined;
    const read = parseDateTime(text);
    if (read === undefined) throw new StanzaError('bad-request', `${name} is no time`);
    return read;
  };
  const whom = value('with');
  const address = whom === undefined ? undefined : parseJid(whom);
  if (whom !== undefined && address === undefined) throw new StanzaError('jid-malformed', 'with');
  const peer = address && peerOf(address);
  const ids = form?.values.get('ids');
  if (ids !== undefined && ids.length > IDS) throw new StanzaError('bad-request', 'too many ids');
  // The page's bounds are within the query's own.
  const own = idBounds(form);
  const bounds = [own.afterId, own.beforeId, page.after, page.before];
  for (const id of new Set(bounds))
    if (id !== undefined && id !== '' && (await archive.find(owner, id)) === undefined)
      throw new StanzaError('item-not-found', 'no message of that id');
  const afterId = [own.afterId, page.after]
    .filter((id) => id !== undefined)
    .sort()
    .at(-1);
  const beforeId = [own.beforeId, page.before || undefined].filter((id) => id !== undefined).sort()[0];
  const start = Math.max(time('start') ?? 0, since);
  const end = time('end');
  return {
    owner,
    limit: Math.min(page.max ?? most, most),
    ...(peer !== undefined && { peer }),
    ...(start > 0 && { start }),
    ...(end !== undefined && { end }),
    ...(afterId !== undefined && { afterId }),
    ...(beforeId !== undefined && { beforeId }),
    ...(ids !== undefined && { ids }),
    ...(page.before !== undefined && { backwards: true }),
  };
}

function idBounds(form: FilledForm | undefined): { afterId?: string; beforeId?: string } {
  const afterId = form?.values.get('after-id')?.[0];
  const beforeId = form?.values.get('before-id')?.[0];
  return { ...(afterId !== undefined && { afterId }), ...(beforeId !== undefined && { beforeId }) };
}
