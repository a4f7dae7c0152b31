import type { Element } from '../../src/protocol/xmpp/element.ts';
import { Jid } from '../../src/protocol/xmpp/jid.ts';
import { NS } from '../../src/protocol/xmpp/namespaces.ts';
import { parseElement } from '../../src/protocol/xmpp/tokenizer.ts';
import { createMessaging, type MessagingPart } from '../../src/server/composition/messaging.ts';
import { type MessagingLimits, messagingLimits } from '../../src/server/messaging/limits.ts';
import { type PepLimits, pepLimits } from '../../src/server/xmpp/pep/limits.ts';
import type { XmppSession } from '../../src/server/xmpp/session.ts';
import { VirtualClock } from '../../src/transport/clock.ts';
import { primitives } from '../../src/transport/primitives.ts';
import { MemoryMessagingStore } from './memory-messaging-store.ts';

export const DOMAIN = 'example.test';

/** The routing side without streams: sessions that a test writes as, and whose stanzas it reads. */
export class XmppWorld {
  readonly store: MemoryMessagingStore;
  readonly clock = new VirtualClock();
  readonly accounts = new Set<string>(['alice', 'bob', 'carol']);
  readonly faults: unknown[] = [];
  readonly part: MessagingPart;
  #lastSession = 0;

  /** `store`: that of a world before, as after a restart. */
  constructor(
    limits: Partial<MessagingLimits> = {},
    pep: Partial<PepLimits> = {},
    store: MemoryMessagingStore = new MemoryMessagingStore(),
  ) {
    this.store = store;
    this.part = createMessaging({
      domain: DOMAIN,
      version: '1.2.3',
      accountExists: (name) => this.accounts.has(name),
      store: this.store,
      limits: { ...messagingLimits, ...limits },
      pep: { ...pepLimits, ...pep },
      primitives,
      clock: this.clock,
      wallClock: () => 1_700_000_000_000 + this.clock.now(),
      node: 'test',
      onFault: (error) => this.faults.push(error),
    });
  }

  /** Binds a resource; `alice/phone`. */
  bind(address: string): Client {
    const [account = '', resource = `r${++this.#lastSession}`] = address.split('/');
    return new Client(this, new Jid(account, DOMAIN, resource));
  }

  /** As `bind`, and available; what came before that is forgotten. */
  async online(address: string, priority?: number): Promise<Client> {
    const client = this.bind(address);
    await client.write(
      priority === undefined ? '<presence/>' : `<presence><priority>${priority}</priority></presence>`,
    );
    await settled();
    client.take();
    return client;
  }
}

export class Client {
  readonly world: XmppWorld;
  readonly session: XmppSession & { open: boolean; backlog: number };
  readonly received: Element[] = [];
  ended: string | undefined;

  constructor(world: XmppWorld, jid: Jid) {
    this.world = world;
    const account = jid.local ?? '';
    this.session = {
      jid,
      account,
      identity: { name: account, account: world.accounts.has(account), admin: false },
      open: true,
      backlog: 0,
      send: (stanza) => void this.received.push(stanza),
      end: (condition) => {
        this.ended = condition;
      },
      presence: undefined,
      priority: 0,
      interested: false,
      carbons: false,
      blockListRequested: false,
      directed: undefined,
      features: undefined,
    };
    world.part.xmpp.bind(this.session);
  }

  get jid(): string {
    return this.session.jid.full;
  }

  /** One stanza as XML without its namespace; resolves when it is durable. */
  async write(xml: string): Promise<void> {
    const stanza = parseElement(xml.replace(/^<(\w+)/, `<$1 xmlns='${NS.CLIENT}'`));
    await this.world.part.xmpp.receive(this.session, stanza);
  }

  /** What has come since the last time, as XML in the stream's namespace. */
  take(): string[] {
    return this.received.splice(0).map((stanza) => stanza.serialize(NS.CLIENT));
  }

  /** An IQ's answer. */
  async ask(iq: string): Promise<Element> {
    await this.write(iq);
    await settled();
    const id = /id=['"]([^'"]+)/.exec(iq)?.[1];
    const at = this.received.findIndex(({ name, attributes }) => name === 'iq' && attributes['id'] === id);
    const [answer] = at < 0 ? [] : this.received.splice(at, 1);
    if (answer === undefined) throw new Error(`no answer to ${iq}`);
    return answer;
  }

  close(undelivered: readonly Element[] = []): void {
    this.session.open = false;
    if (undelivered.length > 0) this.world.part.xmpp.undelivered(this.session, undelivered);
    this.world.part.xmpp.ended(this.session);
  }
}

/** Everything that waits for nothing but the event loop has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
