import { escapeAttribute } from '../../protocol/xmpp/escape.ts';
import type { Jid } from '../../protocol/xmpp/jid.ts';
import type { ArchivedMessage, ArchivePage, ArchiveQuery } from '../../storage/messaging.ts';
import { parseStored } from '../messaging/stored-stanza.ts';
import type { ReadableArchive } from './archive-query.ts';

/** Rows that are looked at for one page, at once and altogether. */
const AT_ONCE = 250;
const MOST = 5_000;

/**
 * An account's archive as XEP-0313 section 4.1.1 wants it for `with` and a full address: archives keep what was exchanged with somebody
 * under the bare one, and of that only what came from, or went to, that very resource (a private message of one of a room's
 * occupants). Where so little fits that a page is not full in the end, it says that there may be more.
 */
export function exactArchive(archive: ReadableArchive, address: Jid): ReadableArchive {
  const written = escapeAttribute(address.full);
  const fits = ({ stanza }: ArchivedMessage) => {
    if (!stanza.includes(written)) return false;
    const { from, to } = parseStored(stanza).attributes;
    return from === address.full || to === address.full;
  };
  return {
    find: (owner, id) => archive.find(owner, id),
    count: async (_, most) => most, // it would be all that is to be looked at
    page: (query) => gather(archive, query, fits),
  };
}

async function gather(
  archive: ReadableArchive,
  query: ArchiveQuery,
  fits: (message: ArchivedMessage) => boolean,
): Promise<ArchivePage> {
  const { limit, backwards = false } = query;
  let gathered: ArchivedMessage[] = [];
  let rest: ArchiveQuery = { ...query, limit: AT_ONCE };
  for (let seen = 0; seen < MOST; seen += AT_ONCE) {
    const { messages, complete } = await archive.page(rest);
    const fitting = messages.filter(fits);
    gathered = backwards ? [...fitting, ...gathered] : [...gathered, ...fitting];
    if (gathered.length > limit)
      return { messages: backwards ? gathered.slice(-limit) : gathered.slice(0, limit), complete: false };
    const end = backwards ? messages[0] : messages.at(-1);
    if (complete || end === undefined) return { messages: gathered, complete: true };
    rest = backwards ? { ...rest, beforeId: end.id } : { ...rest, afterId: end.id };
  }
  return { messages: gathered, complete: false };
}
