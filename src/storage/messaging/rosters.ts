import type { StorageLimits } from '../limits.ts';
import type { RosterItem, RosterStore, StoredRoster } from '../messaging.ts';
import type { Queries } from '../queries.ts';

export class Rosters implements RosterStore {
  readonly #queries: Queries;
  readonly #keep: number;

  constructor(queries: Queries, { rosterRemovals }: Pick<StorageLimits, 'rosterRemovals'>) {
    this.#queries = queries;
    this.#keep = rosterRemovals;
  }

  async load(owner: string): Promise<StoredRoster> {
    const roster: StoredRoster = { version: 0, items: [], removed: [], forgotten: 0 };
    for (const row of await this.#queries.read('roster', { owner })) {
      const [jid, version] = [row['jid'] as string, row['version'] as number];
      if (version > roster.version) roster.version = version;
      if (typeof row['item'] === 'string') roster.items.push(JSON.parse(row['item']) as RosterItem);
      else if (jid === '') roster.forgotten = version;
      else roster.removed.push({ jid, version });
    }
    return roster;
  }

  async save(owner: string, item: RosterItem): Promise<void> {
    const { jid, version } = item;
    await this.#queries.write(['saveRosterItem', { owner, jid, version, item: JSON.stringify(item) }]);
  }

  async remove(owner: string, jid: string, version: number): Promise<void> {
    await this.#queries.write(
      ['removeRosterItem', { owner, jid, version }],
      ['forgetRemovals', { owner, keep: this.#keep }],
      ['dropForgotten', { owner }],
    );
  }
}
