// Stanzas at random from several people's devices, some with a store that fails or is away: whatever they say, the server has no fault,
// every question has one answer, nobody speaks in another's name, and everybody's view of a subscription agrees.
import { expect, test } from 'vitest';
import type { Element } from '../../src/protocol/xmpp/element.ts';
import { parseJid } from '../../src/protocol/xmpp/jid.ts';
import { NS } from '../../src/protocol/xmpp/namespaces.ts';
import { parseElement } from '../../src/protocol/xmpp/tokenizer.ts';
import { random } from '../support/mutation.ts';
import { type Client, settled, XmppWorld } from '../support/xmpp-world.ts';

const SEEDS = Number(process.env['CHAPPE_FUZZ_RUNS'] ?? 400) / 20;
const STANZAS = 400;

const PEOPLE = ['alice', 'bob', 'carol', 'guest.1'];
const ADDRESSES = [
  ...PEOPLE.map((name) => `${name}@example.test`),
  ...PEOPLE.flatMap((name) => [`${name}@example.test/page`, `${name}@example.test/phone`]),
  ...['example.test', 'example.test/x', 'nobody@example.test', 'x@elsewhere.test', 'r@rooms.example.test/n'],
  ...['@@', '', 'ALICE@EXAMPLE.TEST', `a@${'x'.repeat(2000)}`, 'alice@example.test/\u0000'],
];
const INSIDE = [
  '<body>x</body>',
  `<composing xmlns='${NS.CHAT_STATES}'/>`,
  `<received xmlns='${NS.RECEIPTS}' id='1'/>`,
  `<no-store xmlns='${NS.HINTS}'/>`,
  `<store xmlns='${NS.HINTS}'/>`,
  `<private xmlns='${NS.CARBONS}'/>`,
  `<stanza-id xmlns='${NS.SID}' by='bob@example.test' id='forged'/>`,
  `<delay xmlns='${NS.DELAY}' from='example.test' stamp='2020-01-01T00:00:00Z'/>`,
  `<x xmlns='${NS.MUC_USER}'><invite/></x>`,
  `<received xmlns='${NS.CARBONS}'><forwarded xmlns='${NS.FORWARD}'><message xmlns='${NS.CLIENT}' from='carol@example.test'><body>y</body></message></forwarded></received>`,
  `<priority>-1</priority>`,
  `<priority>200</priority>`,
];
const QUESTIONS = [
  `<query xmlns='${NS.ROSTER}'/>`,
  `<query xmlns='${NS.ROSTER}' ver='3'/>`,
  ...PEOPLE.flatMap((name) => [
    `<query xmlns='${NS.ROSTER}'><item jid='${name}@example.test' name='n'><group>g</group></item></query>`,
    `<query xmlns='${NS.ROSTER}'><item jid='${name}@example.test' subscription='remove'/></query>`,
    `<block xmlns='${NS.BLOCKING}'><item jid='${name}@example.test'/></block>`,
    `<unblock xmlns='${NS.BLOCKING}'><item jid='${name}@example.test'/></unblock>`,
  ]),
  `<unblock xmlns='${NS.BLOCKING}'/>`,
  `<blocklist xmlns='${NS.BLOCKING}'/>`,
  `<query xmlns='${NS.MAM}'/>`,
  `<query xmlns='${NS.MAM}'><set xmlns='${NS.RSM}'><max>3</max><before/></set></query>`,
  `<query xmlns='${NS.MAM}'><set xmlns='${NS.RSM}'><max>x</max></set></query>`,
  `<metadata xmlns='${NS.MAM}'/>`,
  `<prefs xmlns='${NS.MAM}' default='roster'/>`,
  `<prefs xmlns='${NS.MAM}' default='always'><never><jid>@</jid></never></prefs>`,
  `<enable xmlns='${NS.CARBONS}'/>`,
  `<disable xmlns='${NS.CARBONS}'/>`,
  `<query xmlns='${NS.DISCO_INFO}'/>`,
  `<query xmlns='${NS.DISCO_ITEMS}'/>`,
  `<query xmlns='jabber:iq:last'/>`,
  `<query xmlns='jabber:iq:private'><a xmlns='urn:a'/></query>`,
  `<vCard xmlns='vcard-temp'/>`,
  `<ping xmlns='urn:xmpp:ping'/>`,
  `<thing xmlns='urn:thing'/>`,
  `<pubsub xmlns='${NS.PUBSUB}'><items node='n'/></pubsub>`,
  '',
];
const TYPES = {
  message: ['', 'chat', 'normal', 'headline', 'groupchat', 'error', 'thing'],
  presence: [
    '',
    '',
    'unavailable',
    'subscribe',
    'subscribed',
    'unsubscribe',
    'unsubscribed',
    'probe',
    'error',
    'thing',
  ],
  iq: ['get', 'set', 'result', 'error', 'thing'],
};

class Crowd {
  readonly world = new XmppWorld();
  readonly clients: Client[] = [];
  readonly #next: () => number;
  #ids = 0;
  /** Questions that have to be answered, once: by their asker and id. */
  readonly asked = new Map<string, number>();
  /** Those of them that another device, or a room, was to answer. */
  readonly passedOn = new Set<string>();

  constructor(seed: number) {
    this.#next = random(seed);
    this.world.part.xmpp.addDomain('rooms.example.test', 'Rooms', { receive: () => {} });
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#next() * list.length)] as T;
  }

  stanza(): string {
    const name = this.pick(['message', 'message', 'presence', 'iq', 'iq'] as const);
    const type = this.pick(TYPES[name]);
    const to = this.#next() < 0.25 ? '' : ` to='${this.pick(ADDRESSES).replace('\u0000', '')}'`;
    const from = this.#next() < 0.1 ? ` from='${this.pick(ADDRESSES.slice(0, 4))}'` : '';
    const attributes = `${type === '' ? '' : ` type='${type}'`}${to}${from} id='i${++this.#ids}'`;
    const inside =
      name === 'iq' ? this.pick(QUESTIONS) : Array.from({ length: this.#next() * 4 }, () => this.pick(INSIDE)).join('');
    return `<${name}${attributes}>${inside}</${name}>`;
  }

  async step(): Promise<void> {
    const { world, clients } = this;
    const chance = this.#next();
    if (clients.length === 0 || (chance < 0.04 && clients.length < 10)) {
      const address = `${this.pick(PEOPLE)}/${this.pick(['page', 'phone', 'x'])}`;
      const taken = clients.findIndex(({ jid }) => jid.startsWith(address.replace('/', '@example.test/')));
      if (taken < 0) clients.push(world.bind(address));
      return;
    }
    const client = this.pick(clients);
    if (chance < 0.07) {
      clients.splice(clients.indexOf(client), 1);
      // What it was sent of late it has not acknowledged.
      client.close(client.received.slice(-5));
      return this.judge(client);
    }
    if (chance < 0.1) {
      const failure = Object.assign(new Error('away'), { code: 'STORAGE_FAILED' });
      world.store.failure = this.#next() < 0.5 ? undefined : failure;
      world.store.away = this.#next() < 0.3;
      return;
    }
    const text = this.stanza();
    const stanza = parseElement(text.replace(/^<(\w+)/, `<$1 xmlns='${NS.CLIENT}'`));
    const { type, id } = stanza.attributes;
    if (stanza.name === 'iq' && (type === 'get' || type === 'set')) {
      this.asked.set(`${client.jid} ${id}`, 0);
      const to = parseJid(stanza.attributes['to'] ?? '');
      if (to?.domain === 'rooms.example.test' || (to && world.part.xmpp.session(to)))
        this.passedOn.add(`${client.jid} ${id}`);
    }
    await world.part.xmpp.receive(client.session, stanza);
    if (this.#next() < 0.2) await settled();
  }

  /** What it has heard. */
  judge(client: Client): void {
    const own = client.session.jid;
    for (const stanza of client.received.splice(0)) {
      if (stanza.name === 'message') this.#judgeSender(stanza, own.bare);
      const { type, id } = stanza.attributes;
      if (stanza.name !== 'iq' || (type !== 'result' && type !== 'error')) continue;
      const key = `${own.full} ${id}`;
      if (this.asked.has(key)) this.asked.set(key, (this.asked.get(key) ?? 0) + 1);
    }
  }

  /** Who it says it is from is whom it can be from; ids and carbons of the own archive and devices are real. */
  #judgeSender(stanza: Element, own: string): void {
    const text = stanza.serialize(NS.CLIENT);
    for (const { attributes } of stanza.elements('stanza-id', NS.SID))
      expect(attributes['id'] === 'forged', text).toBe(false);
    const isCarbon = stanza.child('received', NS.CARBONS) ?? stanza.child('sent', NS.CARBONS);
    const from = parseJid(stanza.attributes['from'] ?? own);
    if (isCarbon !== undefined && from?.resource === undefined && stanza.attributes['type'] !== 'error')
      expect(from?.bare, text).toBe(own);
  }
}

test(`${SEEDS} crowds of people at random`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const crowd = new Crowd(seed);
    for (let i = 0; i < STANZAS; i++) await crowd.step();
    crowd.world.store.failure = undefined;
    for (let i = 0; i < 5; i++) await settled();
    const { world } = crowd;
    const present = new Set(crowd.clients.map(({ jid }) => jid));
    for (const client of crowd.clients) crowd.judge(client);
    const answers = [...crowd.asked].filter(([key]) => present.has(key.slice(0, key.indexOf(' '))));
    const wrong = answers.filter(([key, count]) => count !== 1 && !(count === 0 && crowd.passedOn.has(key)));
    expect(wrong, `seed ${seed}`).toEqual([]);
    // What could not be stored though nobody waits to be told is a fault that was made here.
    const faults = world.faults.filter((fault) => (fault as { code?: string }).code !== 'STORAGE_FAILED');
    expect(faults, `seed ${seed}`).toEqual([]);
    for (const one of PEOPLE)
      for (const other of PEOPLE) {
        const [mine, theirs] = await Promise.all([
          world.part.rosters.of(`${one}@example.test`),
          world.part.rosters.of(`${other}@example.test`),
        ]);
        const [to, from] = [mine.get(`${other}@example.test`), theirs.get(`${one}@example.test`)];
        const sees = to?.subscription === 'to' || to?.subscription === 'both';
        const seen = from?.subscription === 'from' || from?.subscription === 'both';
        expect(sees, `seed ${seed}: ${one} and ${other}`).toBe(seen);
      }
    for (const { owner, stanza } of world.store.archived) {
      const { from, to } = parseElement(stanza).attributes;
      expect([parseJid(from ?? '')?.bare, parseJid(to ?? owner)?.bare], stanza).toContain(owner);
    }
  }
});

test(`what one device writes to another comes in its order, whatever the disk does: ${SEEDS} times`, async () => {
  const kinds = [
    (to: string) => `<message to='${to}' type='chat'><body>x</body></message>`,
    (to: string) => `<message to='${to}' type='chat'><composing xmlns='${NS.CHAT_STATES}'/></message>`,
    (to: string) => `<message to='${to}' type='headline'><body>x</body></message>`,
    (to: string) => `<iq to='${to}' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`,
    (to: string) => `<presence to='${to}'/>`,
  ];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const next = random(seed);
    const world = new XmppWorld();
    const people = [await world.online('alice/page'), await world.online('bob/page'), await world.online('carol/page')];
    for (const { received } of people) received.length = 0;
    world.store.held = true;
    const pending: Array<Promise<void>> = [];
    for (let i = 100; i < 300; i++) {
      const [from, to] = [people[Math.floor(next() * 3)] as Client, people[Math.floor(next() * 3)] as Client];
      const kind = kinds[Math.floor(next() * kinds.length)] as (to: string) => string;
      pending.push(from.write(kind(to.jid).replace(/^<(\w+)/, `<$1 id='${i}'`)));
      if (next() < 0.1) {
        world.store.failure = next() < 0.2 ? Object.assign(new Error('full'), { code: 'STORAGE_FAILED' }) : undefined;
        world.store.commit();
      }
      if (next() < 0.1) await settled();
    }
    world.store.failure = undefined;
    world.store.held = false;
    world.store.commit();
    await Promise.all(pending);
    for (const reader of people)
      for (const writer of people) {
        const ids = reader.received
          .filter(({ attributes }) => attributes['from'] === writer.jid && attributes['type'] !== 'error')
          .map(({ attributes }) => Number(attributes['id']));
        expect(ids, `seed ${seed}`).toEqual(ids.toSorted((a, b) => a - b));
        expect(ids.length, `seed ${seed}`).toBeGreaterThan(5);
      }
    expect(world.faults).toEqual([]);
  }
});
