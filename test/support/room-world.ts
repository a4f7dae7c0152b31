import type { Element } from '../../src/protocol/xmpp/element.ts';
import { NS } from '../../src/protocol/xmpp/namespaces.ts';
import { type MucLimits, mucLimits } from '../../src/server/xmpp/muc/limits.ts';
import { Rooms } from '../../src/server/xmpp/muc/rooms.ts';
import { primitives } from '../../src/transport/primitives.ts';
import { type Client, settled, XmppWorld } from './xmpp-world.ts';

export const ROOM = 'cave@rooms.example.test';

/** Rooms in such a world, whatever its clients are. */
export function openRooms({ part, store, clock, faults }: XmppWorld, limits: MucLimits = mucLimits): Promise<Rooms> {
  return Rooms.open({
    host: part.xmpp,
    store,
    blockLists: part.blockLists,
    ids: part.ids,
    clock,
    wallClock: () => 1_700_000_000_000 + clock.now(),
    primitives,
    limits,
    onFault: (error) => faults.push(error),
  });
}

/** Rooms beside the routing side: clients that enter, speak, and are told of the others. */
export class RoomWorld extends XmppWorld {
  rooms!: Rooms;
  readonly #limits: MucLimits;

  private constructor(limits: Partial<MucLimits>) {
    super();
    this.#limits = { ...mucLimits, ...limits };
    for (const name of ['dave', 'eve', 'mallory']) this.accounts.add(name);
  }

  static async open(limits: Partial<MucLimits> = {}): Promise<RoomWorld> {
    const world = new RoomWorld(limits);
    await world.restart();
    return world;
  }

  /** New rooms over the same store: whatever was in memory is gone. */
  async restart(): Promise<void> {
    this.rooms = await openRooms(this, this.#limits);
  }

  /** A room of alice's, open; `configuration`: fields without their `muc#roomconfig_`. She is in it as `Alice`. */
  async room(configuration: Record<string, string | string[]> = {}): Promise<Client> {
    const alice = await this.online('alice/page');
    await this.enter(alice, 'Alice');
    await this.configure(alice, configuration);
    alice.take();
    return alice;
  }

  async configure(owner: Client, configuration: Record<string, string | string[]>): Promise<Element> {
    const fields = Object.entries(configuration).map(([name, value]) => {
      const field = name.startsWith('muc#') ? name : `muc#roomconfig_${name}`;
      const values = (typeof value === 'string' ? [value] : value).map((text) => `<value>${text}</value>`);
      return `<field var='${field}'>${values.join('')}</field>`;
    });
    const type = `<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>`;
    const form = `<x xmlns='jabber:x:data' type='submit'>${fields.length > 0 ? type : ''}${fields.join('')}</x>`;
    return owner.ask(`<iq type='set' id='configure' to='${ROOM}'><query xmlns='${NS.MUC_OWNER}'>${form}</query></iq>`);
  }

  async enter(client: Client, nick: string, inside = ''): Promise<void> {
    await client.write(`<presence to='${ROOM}/${nick}'><x xmlns='${NS.MUC}'>${inside}</x></presence>`);
    await settled();
  }

  /** Somebody who has entered, and whose welcome is forgotten. */
  async guest(address: string, nick: string): Promise<Client> {
    const client = await this.online(address);
    await this.enter(client, nick);
    client.take();
    return client;
  }

  async say(client: Client, text: string, inside = ''): Promise<void> {
    await client.write(`<message to='${ROOM}' type='groupchat' id='${text}'><body>${text}</body>${inside}</message>`);
    await settled();
  }

  /** A change of roles and affiliations. */
  admin(client: Client, ...items: string[]): Promise<Element> {
    return client.ask(
      `<iq type='set' id='admin' to='${ROOM}'><query xmlns='${NS.MUC_ADMIN}'>${items.join('')}</query></iq>`,
    );
  }
}

/** The condition of an error, or undefined. */
export function conditionOf(stanza: Element | undefined): string | undefined {
  const error = stanza?.child('error');
  return error?.elements().find(({ namespace }) => namespace === NS.STANZAS)?.name;
}

/** Status codes. */
export function statusesOf(stanza: Element | undefined): number[] {
  const x = stanza?.child('x', NS.MUC_USER);
  return (x?.elements('status') ?? []).map((status) => Number(status.attributes['code']));
}

/** What `<item/>` of muc#user says. */
export function itemOf(stanza: Element | undefined): Readonly<Record<string, string | undefined>> | undefined {
  return stanza?.child('x', NS.MUC_USER)?.child('item')?.attributes;
}
