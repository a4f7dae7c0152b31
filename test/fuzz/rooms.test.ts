// Rooms under people who do anything at any time, allowed or not, well-formed or not: whoever is in the room sees the same
// people with the same rights as everybody else in it, hears what is said once, and nothing of ours fails.
import { expect, test } from 'vitest';
import { Element } from '../../src/protocol/xmpp/element.ts';
import { NS } from '../../src/protocol/xmpp/namespaces.ts';
import { parseElement } from '../../src/protocol/xmpp/tokenizer.ts';
import { random } from '../support/mutation.ts';
import { itemOf, ROOM, RoomWorld, statusesOf } from '../support/room-world.ts';
import { type Client, settled } from '../support/xmpp-world.ts';

/** What one client makes of what it is told. */
class Watcher {
  readonly client: Client;
  /** Nickname to affiliation and role, while it is in the room. */
  view: Map<string, string> | undefined;
  heard: string[] = [];

  constructor(client: Client) {
    this.client = client;
  }

  read(): void {
    for (const stanza of this.client.received.splice(0)) {
      const [room, nick = ''] = (stanza.attributes['from'] ?? '').split('/');
      if (room !== ROOM) continue;
      const { type } = stanza.attributes;
      if (stanza.name === 'message' && type === 'groupchat' && stanza.child('delay', NS.DELAY) === undefined)
        this.heard.push(stanza.childText('body') ?? '');
      if (stanza.name !== 'presence' || type === 'error') continue;
      const own = statusesOf(stanza).includes(110);
      const { affiliation, role } = itemOf(stanza) ?? {};
      if (type === 'unavailable') {
        this.view?.delete(nick);
        if (own && !statusesOf(stanza).includes(303)) this.view = undefined;
      } else {
        this.view ??= new Map();
        this.view.set(nick, `${affiliation} ${role}`);
      }
    }
  }
}

const CLIENTS = ['alice/1', 'alice/2', 'bob/1', 'bob/2', 'carol/1', 'dave/1'];
const NICKS = ['Alice', 'alice', 'Bob', 'Carol', 'Dave', 'Eve', '\u200b', 'x'.repeat(101)];
const ROLES = ['none', 'visitor', 'participant', 'moderator', 'king'];
const AFFILIATIONS = ['outcast', 'none', 'member', 'admin', 'owner'];

for (const seed of [1, 2, 3])
  test(`everybody in a room sees the same, whatever they do (seed ${seed})`, async () => {
    const next = random(Number(process.env['FUZZ_SEED'] ?? 20261123) + seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
    const world = await RoomWorld.open({ joinBurst: 1_000_000, affiliations: 5 });
    const watchers: Watcher[] = [];
    for (const address of CLIENTS) watchers.push(new Watcher(await world.online(address)));

    const field = (name: string, ...values: string[]) =>
      `<field var='muc#roomconfig_${name}'>${values.map((value) => `<value>${value}</value>`).join('')}</field>`;
    const who = () => pick(CLIENTS).split('/')[0];
    const change = () =>
      next() < 0.5
        ? `<item nick='${pick(NICKS)}' role='${pick(ROLES)}'/>`
        : `<item jid='${who()}@example.test' affiliation='${pick(AFFILIATIONS)}' ${next() < 0.2 ? `nick='${pick(NICKS)}'` : ''}/>`;
    const configuration = () =>
      [
        field('membersonly', pick(['0', '1'])),
        field('moderatedroom', pick(['0', '1'])),
        field('persistentroom', pick(['0', '1'])),
        field('changesubject', pick(['0', '1'])),
        field('whois', pick(['anyone', 'moderators'])),
        field('maxusers', pick(['1', '3', '30', 'x'])),
        field('roomowners', `${who()}@example.test`, `${who()}@example.test`),
      ]
        .filter(() => next() < 0.3)
        .join('');
    const iq = (payload: string) => `<iq type='${pick(['set', 'set', 'get'])}' id='i' to='${ROOM}'>${payload}</iq>`;
    const join = () => `<presence to='${ROOM}/${pick(NICKS)}'><x xmlns='${NS.MUC}'/></presence>`;
    const actions: Array<() => string> = [
      join,
      join,
      join,
      () => `<presence to='${ROOM}/${pick(NICKS)}'><show>away</show></presence>`,
      () => `<presence type='unavailable' to='${ROOM}/${pick(NICKS)}'/>`,
      () => `<presence type='${pick(['subscribe', 'probe', 'error'])}' to='${ROOM}/${pick(NICKS)}'/>`,
      () => iq(`<query xmlns='${NS.MUC_ADMIN}'>${change()}${next() < 0.3 ? change() : ''}</query>`),
      () => iq(`<query xmlns='${NS.MUC_ADMIN}'>${change()}</query>`),
      () =>
        iq(
          `<query xmlns='${NS.MUC_OWNER}'><x xmlns='jabber:x:data' type='submit'>${field('x')
            .replace(/muc#.*?'/, `FORM_TYPE'`)
            .replace(
              '</field>',
              `<value>http://jabber.org/protocol/muc#roomconfig</value></field>`,
            )}${configuration()}</x></query>`,
        ),
      () => (next() < 0.05 ? iq(`<query xmlns='${NS.MUC_OWNER}'><destroy/></query>`) : join()),
      () => iq(`<query xmlns='jabber:iq:register'>${next() < 0.5 ? '<remove/>' : ''}</query>`),
      () => iq(`<query xmlns='urn:xmpp:mam:2'/>`),
      () => `<iq type='get' id='p' to='${ROOM}/${pick(NICKS)}'><query xmlns='jabber:iq:version'/></iq>`,
      () => `<message type='groupchat' to='${ROOM}'><subject>s</subject></message>`,
      () => `<message to='${ROOM}'><x xmlns='${NS.MUC_USER}'><invite to='${who()}@example.test'/></x></message>`,
      () => `<message type='chat' to='${ROOM}/${pick(NICKS)}'><body>psst</body></message>`,
    ];

    for (let step = 0; step < Number(process.env['FUZZ_ROUNDS'] ?? 1_500); step++) {
      const { client } = pick(watchers);
      const text = pick(actions)();
      // The disk is slow now and then: several things happen while it writes.
      world.store.held = next() < 0.5;
      const written = client.write(next() < 0.1 ? damage(text, next) : text);
      await settled();
      if (world.store.held && next() < 0.7) continue;
      world.store.held = false;
      world.store.commit();
      await written;
      await settled();
      await settled();
      for (const watcher of watchers) watcher.read();
      const inside = watchers.filter(({ view }) => view !== undefined);
      const views = inside.map(({ view }) => JSON.stringify([...(view ?? [])].sort()));
      expect(
        new Set(views).size,
        `after ${text} of ${client.jid} in step ${step}: ${views.join('\n')}`,
      ).toBeLessThanOrEqual(1);
      if (step % 5 !== 0) continue;
      // Whoever may speak is heard by all who are there, once, and by nobody else.
      const speaker = pick(inside.length > 0 ? inside : watchers);
      for (const watcher of watchers) watcher.heard = [];
      await speaker.client.write(`<message type='groupchat' to='${ROOM}'><body>${step}</body></message>`);
      await settled();
      for (const watcher of watchers) watcher.read();
      const hearing = watchers.filter(({ heard }) => heard.length > 0);
      if (hearing.length > 0) expect(hearing).toEqual(watchers.filter(({ view }) => view !== undefined));
      for (const { heard } of hearing) expect(heard).toEqual([String(step)]);
    }
    expect(world.faults).toEqual([]);
  });

/** The same with an attribute or a child less, or a child twice. */
function damage(text: string, next: () => number): string {
  const element = parseElement(text);
  const names = Object.keys(element.attributes).filter((name) => name !== 'id' && name !== 'to');
  const kind = next();
  if (kind < 0.4 && names.length > 0) return element.with({ [names[0] as string]: undefined }).serialize();
  if (kind < 0.7) return element.holding(element.children.slice(1)).serialize();
  const inner = element.children[0];
  return inner instanceof Element ? element.holding([inner.holding([]), inner]).serialize() : text;
}
