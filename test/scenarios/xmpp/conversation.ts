// Conversations of XMPP clients as text: who says and hears what, on virtual time, through real streams and the real router,
// with a store in memory.
//
//   alice: example.test/desk      connects, logs in, binds that resource (its account: the name without digits)
//   alice sends:                  indented XML follows, one element or several; jabber:client is understood
//   bob hears:                    indented XML: what comes next must be that, in this order
//   bob hears, in any order:      ... in any order
//   bob hears nothing             of what came nothing is left
//   bob is cut off | resumes h=3 | leaves
//   30s pass
//
// In XML that is heard, an attribute or text `*` is anything, `?name` is anything and is remembered as {name}, and {alice} is
// her full address. What comes may have more children and attributes than the text says; `<!child/>` must not be there.
import { expect } from 'vitest';
import { Element } from '../../../src/protocol/xmpp/element.ts';
import { NS } from '../../../src/protocol/xmpp/namespaces.ts';
import { parseElement } from '../../../src/protocol/xmpp/tokenizer.ts';
import { makeMaterial } from '../../../src/server/accounts/material.ts';
import { XmppStreams } from '../../../src/server/xmpp/streams/streams.ts';
import { Admission } from '../../../src/transport/admission.ts';
import { transportLimits } from '../../../src/transport/limits.ts';
import { primitives } from '../../../src/transport/primitives.ts';
import { openRooms } from '../../support/room-world.ts';
import { DOMAIN, FakeConnection } from '../../support/stream-world.ts';
import { settled, XmppWorld } from '../../support/xmpp-world.ts';

interface Talker {
  connection: FakeConnection;
  jid: string;
  /** By which its session is resumed. */
  previd: string;
}

interface Line {
  text: string;
  /** The indented lines under it. */
  xml: string;
  number: number;
}

export class Conversation {
  readonly world = new XmppWorld();
  readonly streams: XmppStreams;
  readonly #talkers = new Map<string, Talker>();
  readonly #values = new Map<string, string>();

  constructor() {
    const { world } = this;
    const identity = (name: string) => (world.accounts.has(name) ? { name, account: true, admin: false } : undefined);
    this.streams = new XmppStreams({
      router: world.part.xmpp,
      accounts: {
        identity,
        scramKeys: (name, hash) => (world.accounts.has(name) ? keys.scram[hash] : undefined),
        ephemeralPasswords: () => undefined,
        verifyCredential: () => undefined,
        signIn: async (name) => identity(name),
      },
      documents: world.store.documents,
      primitives,
      secret: 'a secret of the server',
      admission: new Admission(transportLimits),
      clock: world.clock,
      wallClock: () => 1_700_000_000_000 + world.clock.now(),
      fault: (error) => world.faults.push(error),
    });
  }

  async run(script: string): Promise<void> {
    await openRooms(this.world);
    for (const line of lines(script)) {
      try {
        await this.#follow(line);
      } catch (error) {
        (error as Error).message = `line ${line.number}, ${line.text}\n${(error as Error).message}`;
        throw error;
      }
    }
  }

  async #follow({ text, xml }: Line): Promise<void> {
    const time = /^(\d+)s pass$/.exec(text);
    if (time !== null) {
      this.world.clock.advance(Number(time[1]) * 1_000);
      return quiet();
    }
    const binding = /^(\w+): example\.test\/(\S+)$/.exec(text);
    if (binding !== null) return this.#bind(binding[1] as string, binding[2] as string);
    const [, name = '', does = ''] = /^(\w+) (.+?):?$/.exec(text) ?? [];
    const talker = this.#talkers.get(name);
    if (talker === undefined) throw new Error(`nobody is ${name}`);
    if (does === 'sends') {
      for (const element of elements(this.#fill(xml))) talker.connection.say(element.serialize());
      await quiet();
    } else if (does === 'hears nothing') expect(talker.connection.written).toEqual([]);
    else if (does === 'hears, in any order') await this.#hear(talker, elements(this.#fill(xml)), true);
    else if (does === 'hears') await this.#hear(talker, elements(this.#fill(xml)), false);
    else if (does === 'is cut off') {
      talker.connection.cut();
      await quiet();
    } else if (does === 'leaves') {
      talker.connection.say(`<close xmlns='${NS.FRAMING}'/>`);
      await quiet();
    } else if (does.startsWith('resumes h=')) await this.#resume(name, talker, does.slice(10));
    else throw new Error('nothing that is understood');
  }

  async #bind(name: string, resource: string): Promise<void> {
    const connection = new FakeConnection(this.streams);
    const jid = await connection.bind(resource, name.replace(/\d+$/, ''), 'secret');
    this.#talkers.set(name, { connection, jid, previd: '' });
    this.#values.set(name, jid);
  }

  async #resume(name: string, { previd }: Talker, h: string): Promise<void> {
    const connection = new FakeConnection(this.streams);
    await connection.login(name.replace(/\d+$/, ''), 'secret');
    this.#talkers.set(name, { connection, jid: '', previd });
    connection.say(`<resume xmlns='${NS.SM}' previd='${previd}' h='${h}'/>`);
    await quiet();
  }

  async #hear(talker: Talker, expected: Element[], anyOrder: boolean): Promise<void> {
    const open = [...expected];
    while (open.length > 0) {
      const { written } = talker.connection;
      if (written.length === 0) throw new Error(`was not heard:\n${open.join('\n')}`);
      const heard = await talker.connection.hear();
      const at = anyOrder ? open.findIndex((template) => this.#fits(template, heard)) : 0;
      const template = open[at];
      if (template === undefined || !this.#fits(template, heard))
        throw new Error(`heard:\n${heard.serialize(NS.CLIENT)}\ninstead of:\n${open.join('\n')}`);
      open.splice(at, 1);
      if (heard.is('enabled', NS.SM)) talker.previd = heard.attributes['id'] ?? '';
    }
  }

  #fits(template: Element, heard: Element): boolean {
    if (template.name !== heard.name || template.namespace !== heard.namespace) return false;
    for (const [name, value] of Object.entries(template.attributes))
      if (value !== undefined && !this.#same(value, heard.attributes[name])) return false;
    const text = template.text.trim();
    if (text !== '' && !this.#same(text, heard.text.trim())) return false;
    return template.elements().every((child) => {
      if (child.is('not', ABSENT)) {
        return !heard.elements().some(({ name }) => name === child.attributes['name']);
      }
      return heard.elements().some((candidate) => this.#fits(child, candidate));
    });
  }

  #same(wanted: string, found: string | undefined): boolean {
    if (wanted === '*') return found !== undefined;
    if (!wanted.startsWith('?')) return wanted === found;
    if (found === undefined) return false;
    this.#values.set(wanted.slice(1), found);
    return true;
  }

  #fill(xml: string): string {
    return xml.replace(/\{(\w+)\}/g, (_, name: string) => this.#values.get(name) ?? `{${name} is not known}`);
  }
}

const keys = await makeMaterial('anybody', 'secret', DOMAIN);
const ABSENT = 'conversation';

function elements(xml: string): Element[] {
  const absent = xml.replace(/<!([\w-]+)\/>/g, `<not xmlns='${ABSENT}' name='$1'/>`);
  return trimmed(parseElement(`<all xmlns='${NS.CLIENT}'>${absent}</all>`)).elements();
}

/** Without the white space that only makes it readable. */
function trimmed(element: Element): Element {
  const children = element.children
    .filter((child) => typeof child === 'object' || child.trim() !== '')
    .map((child) => (typeof child === 'object' ? trimmed(child) : child.trim()));
  return new Element(element.name, element.namespace, element.attributes, children);
}

function lines(script: string): Line[] {
  const found: Line[] = [];
  for (const [index, text] of script.split('\n').entries()) {
    if (text.trim() === '' || text.startsWith('#')) continue;
    if (/^\s/.test(text)) found.at(-1)!.xml += `${text}\n`;
    else found.push({ text: text.trim(), xml: '', number: index + 1 });
  }
  return found;
}

/** What needs a few turns of the event loop (a store's promise, a resumption) has happened. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await settled();
}
