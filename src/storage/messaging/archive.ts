import { firstIdOf } from '../archive-id.ts';
import type { ArchivedMessage, ArchivePage, ArchiveQuery, ArchiveStore } from '../messaging.ts';
import type { Queries } from '../queries.ts';
import type { Row } from '../statements.ts';

/** Messages that one write of retention or erasure takes away. */
const DELETED_AT_ONCE = 1_000;
/** Sorts after every id. */
export const AFTER_ALL_IDS = '~';

export class Archive implements ArchiveStore {
  readonly #queries: Queries;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  add(messages: readonly ArchivedMessage[]): Promise<void> {
    if (messages.length === 0) return Promise.resolve();
    return this.#queries.append(
      'archive',
      messages.map(({ owner, id, peer, time, stanza }) => [owner, id, peer, time, stanza]),
    );
  }

  async page(query: ArchiveQuery): Promise<ArchivePage> {
    const { owner, peer, limit, backwards = false } = query;
    const range = rangeOf(query);
    let rows: Row[];
    if (query.ids !== undefined) {
      const found = await this.#queries.read('archiveByIds', { owner, ids: JSON.stringify(query.ids) });
      rows = found.filter(
        ({ id, peer: other }) =>
          (id as string) > range.after && (id as string) < range.before && (peer === undefined || other === peer),
      );
      if (backwards) rows.reverse();
    } else if (peer === undefined)
      // One more than asked for tells whether there is more.
      rows = await this.#queries.read(backwards ? 'archivePageBack' : 'archivePage', {
        owner,
        ...range,
        limit: limit + 1,
      });
    else
      rows = await this.#queries.read(backwards ? 'archivePageWithBack' : 'archivePageWith', {
        ...{ owner, peer, ...range, limit: limit + 1 },
      });
    const messages = rows.slice(0, limit) as unknown as ArchivedMessage[];
    return { messages: backwards ? messages.reverse() : messages, complete: rows.length <= limit };
  }

  async count(query: ArchiveQuery, most: number): Promise<number> {
    const { owner, peer } = query;
    if (query.ids !== undefined) return (await this.page({ ...query, limit: most })).messages.length;
    const range = rangeOf(query);
    const [row] =
      peer === undefined
        ? await this.#queries.read('archiveCount', { owner, ...range, most })
        : await this.#queries.read('archiveCountWith', { owner, peer, ...range, most });
    return Number(row?.['count']);
  }

  async find(owner: string, id: string): Promise<ArchivedMessage | undefined> {
    return (await this.page({ owner, ids: [id], limit: 1 })).messages[0];
  }

  async ends(owner: string): Promise<{ first: ArchivedMessage; last: ArchivedMessage } | undefined> {
    const [oldest, newest] = await Promise.all([
      this.page({ owner, limit: 1 }),
      this.page({ owner, limit: 1, backwards: true }),
    ]);
    const [first] = oldest.messages;
    const [last] = newest.messages;
    return first === undefined || last === undefined ? undefined : { first, last };
  }

  async replace(owner: string, id: string, stanza: string): Promise<void> {
    await this.#queries.write(['replaceArchived', { owner, id, stanza }]);
  }

  async expire(before: number): Promise<number> {
    let removed = 0;
    let owner = '';
    for (;;) {
      const [next] = await this.#queries.read('nextArchive', { owner });
      if (typeof next?.['owner'] !== 'string') return removed;
      owner = next['owner'];
      const old = await this.#queries.read('archiveBefore', { owner, before: firstIdOf(before) });
      if (old.length > 0) removed += await this.remove(owner, firstIdOf(before));
    }
  }

  /** Takes away those of lesser ids, a thousand a write, so that others' writes come between. */
  async remove(owner: string, before = AFTER_ALL_IDS): Promise<number> {
    let removed = 0;
    for (;;) {
      const some = await this.#queries.write(['expireArchive', { owner, before, most: DELETED_AT_ONCE }]);
      removed += some;
      if (some < DELETED_AT_ONCE) return removed;
    }
  }
}

/** Both ends exclusive, as ids: the inclusive bounds of time begin before the first id of `start`, and end before that of the next millisecond. */
function rangeOf({ start, end, afterId = '', beforeId }: ArchiveQuery): { after: string; before: string } {
  const from = start === undefined ? '' : firstIdOf(Math.ceil(start));
  const to = end === undefined ? AFTER_ALL_IDS : firstIdOf(Math.floor(end) + 1);
  return {
    after: afterId > from ? afterId : from,
    before: beforeId !== undefined && beforeId < to ? beforeId : to,
  };
}
