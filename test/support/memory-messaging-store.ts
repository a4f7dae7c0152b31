import type {
  ArchivedMessage,
  ArchiveQuery,
  MessagingStore,
  PubsubItem,
  RosterItem,
  WaitingMessage,
} from '../../src/storage/messaging.ts';

/** A store in memory whose commits a test can hold back, or fail: what a disk does when it likes. */
export class MemoryMessagingStore implements MessagingStore {
  readonly archived: ArchivedMessage[] = [];
  readonly waiting: WaitingMessage[] = [];
  readonly rosterItems = new Map<
    string,
    { version: number; items: Map<string, RosterItem>; removed: Map<string, number> }
  >();
  readonly documentTexts = new Map<string, string>();
  readonly pubsubItems: PubsubItem[] = [];
  /** Writes that wait for `commit`, while `held`. */
  held = false;
  failure: Error | undefined;
  /** Reads fail as well. */
  away = false;
  #queue: Array<() => void> = [];

  /** Makes durable what waits, in its order. */
  commit(): void {
    for (const write of this.#queue.splice(0)) write();
  }

  get writes(): number {
    return this.#queue.length;
  }

  #read(): void {
    if (this.away && this.failure !== undefined) throw this.failure;
  }

  #write<T>(apply: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = () => {
        if (this.failure === undefined) resolve(apply());
        else reject(this.failure);
      };
      if (this.held) this.#queue.push(run);
      else run();
    });
  }

  readonly archive: MessagingStore['archive'] = {
    add: (messages) => this.#write(() => void this.archived.push(...messages)),
    page: async (query) => {
      this.#read();
      const matching = this.#matching(query);
      const complete = matching.length <= query.limit;
      const messages = query.backwards ? matching.slice(-query.limit) : matching.slice(0, query.limit);
      return { messages: query.limit === 0 ? [] : messages, complete };
    },
    count: async (query, most) => Math.min(most, this.#matching(query).length),
    find: async (owner, id) => this.archived.find((message) => message.owner === owner && message.id === id),
    ends: async (owner) => {
      const own = this.archived.filter((message) => message.owner === owner);
      const [first, last] = [own[0], own.at(-1)];
      return first === undefined || last === undefined ? undefined : { first, last };
    },
    replace: (owner, id, stanza) =>
      this.#write(() => {
        for (const message of this.archived) if (message.owner === owner && message.id === id) message.stanza = stanza;
      }),
    expire: (before) =>
      this.#write(() => {
        const kept = this.archived.filter(({ time }) => time >= before);
        const dropped = this.archived.length - kept.length;
        this.archived.splice(0, this.archived.length, ...kept);
        return dropped;
      }),
  };

  #matching({ owner, peer, start, end, afterId, beforeId, ids }: ArchiveQuery): ArchivedMessage[] {
    return this.archived
      .filter(
        (message) =>
          message.owner === owner &&
          (peer === undefined || message.peer === peer) &&
          (start === undefined || message.time >= start) &&
          (end === undefined || message.time <= end) &&
          (afterId === undefined || message.id > afterId) &&
          (beforeId === undefined || message.id < beforeId) &&
          (ids === undefined || ids.includes(message.id)),
      )
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  readonly offline: MessagingStore['offline'] = {
    add: (message, most) =>
      this.#write(() => {
        if (this.waiting.filter(({ owner }) => owner === message.owner).length >= most) return false;
        this.waiting.push(message);
        return true;
      }),
    list: async (owner) => {
      this.#read();
      return this.waiting.filter((message) => message.owner === owner);
    },
    remove: (owner, throughId) =>
      this.#write(() => {
        const kept = this.waiting.filter((message) => message.owner !== owner || message.id > throughId);
        this.waiting.splice(0, this.waiting.length, ...kept);
      }),
    any: async (owner) => this.waiting.some((message) => message.owner === owner),
  };

  readonly rosters: MessagingStore['rosters'] = {
    load: async (owner) => {
      this.#read();
      const { version, items, removed } = this.#roster(owner);
      const gone = [...removed].map(([jid, at]) => ({ jid, version: at }));
      return { version, items: [...items.values()], removed: gone };
    },
    save: (owner, item) =>
      this.#write(() => {
        const roster = this.#roster(owner);
        roster.version = item.version;
        roster.items.set(item.jid, item);
        roster.removed.delete(item.jid);
      }),
    remove: (owner, jid, version) =>
      this.#write(() => {
        const roster = this.#roster(owner);
        roster.version = version;
        roster.items.delete(jid);
        roster.removed.set(jid, version);
      }),
  };

  #roster(owner: string) {
    let roster = this.rosterItems.get(owner);
    if (roster === undefined) {
      roster = { version: 0, items: new Map(), removed: new Map() };
      this.rosterItems.set(owner, roster);
    }
    return roster;
  }

  readonly documents: MessagingStore['documents'] = {
    get: async (owner, name) => {
      this.#read();
      return this.documentTexts.get(`${owner} ${name}`);
    },
    set: (owner, name, value) =>
      this.#write(() => {
        if (value === undefined) this.documentTexts.delete(`${owner} ${name}`);
        else this.documentTexts.set(`${owner} ${name}`, value);
      }),
    list: async (owner, prefix) =>
      [...this.documentTexts]
        .filter(([key]) => key.startsWith(`${owner} ${prefix}`))
        .map(([key, value]) => ({ name: key.slice(owner.length + 1), value })),
    all: async (name) =>
      [...this.documentTexts]
        .filter(([key]) => key.slice(key.indexOf(' ') + 1) === name)
        .map(([key, value]) => ({ owner: key.slice(0, key.indexOf(' ')), value })),
  };

  readonly pubsub: MessagingStore['pubsub'] = {
    items: async (owner, node, limit) =>
      this.pubsubItems.filter((item) => item.owner === owner && item.node === node).slice(-limit),
    find: async (owner, node, id) =>
      this.pubsubItems.find((item) => item.owner === owner && item.node === node && item.id === id),
    nodes: async (owner) => [
      ...new Set(this.pubsubItems.filter((item) => item.owner === owner).map(({ node }) => node)),
    ],
    size: async (owner) =>
      this.pubsubItems.filter((item) => item.owner === owner).reduce((size, { payload }) => size + payload.length, 0),
    publish: (item, keep) =>
      this.#write(() => {
        this.#dropItems((other) => other.owner === item.owner && other.node === item.node && other.id === item.id);
        this.pubsubItems.push(item);
        const same = this.pubsubItems.filter(({ owner, node }) => owner === item.owner && node === item.node);
        const old = new Set(same.slice(0, Math.max(0, same.length - keep)));
        this.#dropItems((other) => old.has(other));
      }),
    retract: (owner, node, id) =>
      this.#write(() => this.#dropItems((item) => item.owner === owner && item.node === node && item.id === id)),
    purge: (owner, node) =>
      this.#write(() => void this.#dropItems((item) => item.owner === owner && item.node === node)),
  };

  #dropItems(which: (item: PubsubItem) => boolean): boolean {
    const kept = this.pubsubItems.filter((item) => !which(item));
    const dropped = kept.length < this.pubsubItems.length;
    this.pubsubItems.splice(0, this.pubsubItems.length, ...kept);
    return dropped;
  }

  readonly uploads: MessagingStore['uploads'] = {
    add: async () => true,
    find: async () => undefined,
    markStored: async () => true,
    expire: async () => [],
  };

  async *export(): AsyncIterable<string> {}

  async erase(owner: string): Promise<never[]> {
    await this.#write(() => {
      this.archived.splice(0, this.archived.length, ...this.archived.filter((message) => message.owner !== owner));
      for (const key of this.documentTexts.keys()) if (key.startsWith(`${owner} `)) this.documentTexts.delete(key);
    });
    return [];
  }
}
