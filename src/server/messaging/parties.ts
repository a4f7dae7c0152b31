import type { Jid } from '../../protocol/xmpp/jid.ts';
import type { ArchivePreferences, ArchiveWishes } from './archive-preferences.ts';
import type { BlockList, BlockLists } from './block-lists.ts';
import type { Roster, Rosters } from './rosters.ts';

/** One side of a message that is an account here, or a name that is signed in without one. */
export interface Party {
  name: string;
  /** Its bare address. */
  owner: string;
  /** An account: something may be kept for it. */
  account: boolean;
  blocked: BlockList;
  wishes: ArchivePreferences;
  /** Where the wishes are about it. */
  roster: Roster | undefined;
}

export interface PartiesOptions {
  domain: string;
  accountExists: (name: string) => boolean;
  blockLists: BlockLists;
  wishes: ArchiveWishes;
  rosters: Rosters;
}

const NOBODY: BlockList = new Set();
const NOTHING: ArchivePreferences = { default: 'never', always: [], never: [] };

/** Who is who in a message, with all that judging it takes: mostly at hand, else a promise of it. */
export class Parties {
  readonly #options: PartiesOptions;

  constructor(options: PartiesOptions) {
    this.#options = options;
  }

  /** undefined: nobody of ours. */
  of({ local: name, domain, bare: owner }: Jid): Party | undefined | Promise<Party> {
    if (name === undefined || domain !== this.#options.domain) return undefined;
    if (!this.#options.accountExists(name))
      return { name, owner, account: false, blocked: NOBODY, wishes: NOTHING, roster: undefined };
    const blocked = this.#options.blockLists.of(owner);
    const wishes = this.#options.wishes.of(owner);
    if (!(blocked instanceof Promise || wishes instanceof Promise || wishes.default === 'roster'))
      return { name, owner, account: true, blocked, wishes, roster: undefined };
    return this.#load(name, owner);
  }

  async #load(name: string, owner: string): Promise<Party> {
    const { blockLists, wishes, rosters } = this.#options;
    const [blocked, own] = await Promise.all([blockLists.of(owner), wishes.of(owner)]);
    const roster = own.default === 'roster' ? await rosters.of(owner) : undefined;
    return { name, owner, account: true, blocked, wishes: own, roster };
  }
}

/** XEP-0441: what it exchanges with that address is to be in its archive. */
export function wantsArchived({ account, wishes, roster }: Party, peer: Jid): boolean {
  if (!account) return false;
  if (wishes.always.includes(peer.bare) || wishes.always.includes(peer.full)) return true;
  if (wishes.never.includes(peer.bare) || wishes.never.includes(peer.full)) return false;
  return wishes.default === 'always' || (wishes.default === 'roster' && roster?.get(peer.bare)?.listed === true);
}
