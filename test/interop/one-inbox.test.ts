// One account, phones and XMPP clients: a message reaches all of its devices once and is in the archive once, either way;
// presence is seen either way; nothing is lost while nobody is there.
import { xml } from '@xmpp/client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Baresip } from '../support/baresip.ts';
import { type Chappe, type ChappeOptions, secret, startChappe } from '../support/chappe.ts';
import { onEachStore, type TestStore } from '../support/stores.ts';
import { header, lineWithCredential, status, User } from '../support/user.ts';
import { XmppUser } from '../support/xmpp-user.ts';

const domain = 'example.test';

onEachStore(['baresip'], 'one inbox for phones and XMPP', (openStore) => {
  let store: TestStore;
  let options: ChappeOptions;
  let server: Chappe;
  const open: Array<() => unknown> = [];
  beforeAll(async () => {
    store = await openStore();
  });
  afterAll(() => store?.remove());
  beforeEach(async () => {
    options = store.fresh();
    server = await startChappe(options);
  });
  afterEach(async () => {
    for (const close of open.splice(0)) await close();
    await server?.stop();
  });

  async function xmpp(name: string): Promise<XmppUser> {
    const user = await XmppUser.signIn({ ws: server.ready.ws, name });
    open.push(() => user.close());
    return user;
  }

  async function page(name: string): Promise<User> {
    const line = await lineWithCredential(server.ready.ws, secret, name);
    open.push(() => line.close());
    const user = new User(line, { name, domain });
    expect(status(await user.register())).toBe(200);
    return user;
  }

  async function phone(name: string, contacts: string[] = [], modules: string[] = [], account = ''): Promise<Baresip> {
    const options = { name, password: `${name}-password`, domain, server: server.sip('udp').text };
    const baresip = await Baresip.start({ ...options, contacts, modules, account });
    open.push(() => baresip.stop());
    return baresip;
  }

  test('from a phone to every device of an account, once, and once in each archive', async () => {
    const [laptop, desk, tablet] = [await xmpp('bob'), await phone('bob'), await page('bob')];
    const alice = await phone('alice', [`"Bob" <sip:bob@${domain}>`]);
    await alice.command('message', 'lunch?');
    const message = await laptop.message('lunch?');
    expect(message.attrs).toMatchObject({ from: `alice@${domain}`, type: 'chat' });
    await desk.program.waitFor(/lunch\?/);
    tablet.answer(await tablet.incoming('MESSAGE'), '200 OK');
    const aliceXmpp = await xmpp('alice');
    expect(await laptop.archive()).toEqual(['lunch?']);
    expect(await aliceXmpp.archive()).toEqual(['lunch?']);
    expect(laptop.count('lunch?')).toBe(1);
    expect(desk.program.output.match(/lunch\?/g)).toHaveLength(1);
    expect(tablet.line.received.filter((text) => text.startsWith('MESSAGE '))).toHaveLength(1);
  });

  test('from an XMPP client to every phone of an account, once, and once in each archive', async () => {
    const [desk, tablet] = [await phone('bob'), await page('bob')];
    const alice = await xmpp('alice');
    alice.say(`bob@${domain}`, 'Bonjour Lille, ça va ?');
    const message = await tablet.incoming('MESSAGE');
    tablet.answer(message, '200 OK');
    expect(header(message, 'From')).toMatch(/<sip:alice@example\.test>/);
    expect(Buffer.from(message, 'latin1').toString()).toMatch(/\r\n\r\nBonjour Lille, ça va \?$/);
    await desk.program.waitFor(/Bonjour Lille/);
    const bob = await xmpp('bob');
    expect(await alice.archive()).toEqual(['Bonjour Lille, ça va ?']);
    expect(await bob.archive()).toEqual(['Bonjour Lille, ça va ?']);
    expect(desk.program.output.match(/Bonjour Lille/g)).toHaveLength(1);
  });

  test('while nobody is there it waits, either way', async () => {
    const alice = await xmpp('alice');
    alice.say(`bob@${domain}`, 'one');
    alice.say(`bob@${domain}`, 'two');
    await expect.poll(() => alice.archive()).toEqual(['one', 'two']);
    const bob = await phone('bob', [`"Carol" <sip:carol@${domain}>`]);
    await bob.program.waitFor(/one[\s\S]*two/);
    await bob.command('message', 'for carol');
    const aliceLine = await page('alice');
    expect(status(await aliceLine.message(`sip:carol@${domain}`, 'and more'))).toBe(202);
    const carol = await xmpp('carol');
    const late = await carol.message('for carol');
    expect(late.getChild('delay', 'urn:xmpp:delay')).toBeDefined();
    await carol.message('and more');
    expect(await carol.archive()).toEqual(['for carol', 'and more']);
    expect(carol.count('for carol')).toBe(1);
  });

  test('what was answered 202 or 200 is delivered after kill -9, once', async () => {
    const alice = await page('alice');
    expect(status(await alice.message(`sip:dave@${domain}`, 'survives'))).toBe(202);
    const { data } = server;
    server.program.kill('SIGKILL');
    await server.program.exited;
    server = await startChappe({ ...options, data });
    const dave = await phone('dave');
    await dave.program.waitFor(/survives/);
    const laptop = await xmpp('dave');
    expect(await laptop.archive()).toEqual(['survives']);
  });

  test('a blocked sender is told nothing but that nobody is there', async () => {
    const bob = await xmpp('bob');
    bob.send(
      xml(
        'iq',
        { type: 'set', id: 'block' },
        xml('block', { xmlns: 'urn:xmpp:blocking' }, xml('item', { jid: `alice@${domain}` })),
      ),
    );
    await bob.next((stanza) => stanza.is('iq') && stanza.attrs['id'] === 'block');
    const alice = await page('alice');
    expect(status(await alice.message(`sip:bob@${domain}`, 'hello?'))).toBe(480);
  });

  test("a phone's presence is a resource, an XMPP client's a tuple; who has not been asked is asked", async () => {
    const alice = await xmpp('alice');
    const carol = await phone('carol', [`"Alice" <sip:alice@${domain}>;presence=p2p`], ['presence'], ';pubint=60');
    const asked = await alice.next((stanza) => stanza.is('presence') && stanza.attrs['type'] === 'subscribe');
    expect(asked.attrs['from']).toBe(`carol@${domain}`);
    alice.approve(`carol@${domain}`);
    await carol.shows('alice@', 'Online');
    alice.send(xml('presence', {}, xml('show', {}, 'dnd')));
    await carol.shows('alice@', 'Busy');

    const carolXmpp = await xmpp('carol');
    alice.askToSee(`carol@${domain}`);
    await carolXmpp.next((stanza) => stanza.is('presence') && stanza.attrs['type'] === 'subscribe');
    carolXmpp.approve(`alice@${domain}`);
    const seen = await alice.next(
      (stanza) => stanza.is('presence') && stanza.attrs['from']?.startsWith(`carol@${domain}/sip-`) === true,
    );
    expect(seen.attrs['type']).toBeUndefined();
  });

  test('who is on the phone is shown so to XMPP contacts', async () => {
    const [alice, bob] = [await xmpp('alice'), await xmpp('bob')];
    alice.askToSee(`bob@${domain}`);
    await bob.next((stanza) => stanza.is('presence') && stanza.attrs['type'] === 'subscribe');
    bob.approve(`alice@${domain}`);
    const [desk, carol] = [await phone('bob'), await phone('carol')];
    await carol.command('dial', `sip:bob@${domain}`);
    await desk.event('CALL_INCOMING');
    await desk.command('accept');
    const busy = await alice.next((stanza) => stanza.attrs['from'] === `bob@${domain}/sip-call`);
    expect(busy.getChildText('show')).toBe('dnd');
    expect(busy.getChildText('status')).toBe('On the phone');
    const mark = alice.received.length;
    await carol.command('hangup');
    const free = await alice.next((stanza) => stanza.attrs['from'] === `bob@${domain}/sip-call`, mark);
    expect(free.attrs['type']).toBe('unavailable');
  });
});
