import { describe, expect, it } from 'vitest';
import { type Client, settled, XmppWorld } from '../../../../test/support/xmpp-world.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';

const get = (ver = '') => `<iq type='get' id='get'><query xmlns='${NS.ROSTER}'${ver}/></iq>`;
const set = (item: string) => `<iq type='set' id='set'><query xmlns='${NS.ROSTER}'>${item}</query></iq>`;
const condition = async (client: Client, iq: string) => (await client.ask(iq)).child('error')?.elements()[0]?.name;

describe('the roster (RFC 6121 section 2)', () => {
  it('is read, changed, pushed to every device that has read it, and emptied', async () => {
    const world = new XmppWorld();
    const [page, phone, deaf] = [
      await world.online('alice/page'),
      await world.online('alice/phone'),
      await world.online('alice/x'),
    ];
    for (const client of [page, phone])
      expect((await client.ask(get())).child('query', NS.ROSTER)?.children).toEqual([]);
    for (const client of [page, phone, deaf]) client.take();
    const item = `<item jid='Bob@Example.TEST/x' name='Bob'><group>Friends</group><group>Work</group></item>`;
    expect((await page.ask(set(item))).attributes['type']).toBe('result');
    const expected = `<item jid='bob@example.test' name='Bob' subscription='none'><group>Friends</group><group>Work</group></item>`;
    for (const client of [page, phone])
      expect(
        client.received.splice(0).map((push) => push.child('query', NS.ROSTER)?.child('item')?.serialize(NS.ROSTER)),
      ).toEqual([expected]);
    expect(deaf.take()).toEqual([]);
    expect((await deaf.ask(get())).child('query', NS.ROSTER)?.child('item')?.serialize(NS.ROSTER)).toBe(expected);
    await page.ask(set(`<item jid='bob@example.test' subscription='remove'/>`));
    expect(phone.received.splice(0)[0]?.child('query', NS.ROSTER)?.child('item')?.attributes).toEqual({
      jid: 'bob@example.test',
      subscription: 'remove',
    });
    expect((await page.ask(get())).child('query', NS.ROSTER)?.children).toEqual([]);
  });

  it('by its version is only what has changed (section 2.6)', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page');
    await alice.ask(set(`<item jid='bob@example.test'/>`));
    await alice.ask(set(`<item jid='carol@example.test'/>`));
    const { ver } = (await alice.ask(get(` ver=''`))).child('query', NS.ROSTER)?.attributes ?? {};
    expect(ver).toBe('2');
    await alice.ask(set(`<item jid='bob@example.test' name='Bob'/>`));
    await alice.ask(set(`<item jid='carol@example.test' subscription='remove'/>`));
    const again = await world.online('alice/again');
    await again.write(get(` ver='${ver}'`));
    await settled();
    expect(again.received.map(({ attributes, children }) => [attributes['type'], children.length])).toEqual([
      ['result', 0],
      ['set', 1],
      ['set', 1],
    ]);
    expect(
      again.received.slice(1).map((push) => push.child('query', NS.ROSTER)?.child('item')?.attributes['jid']),
    ).toEqual(['bob@example.test', 'carol@example.test']);
    again.take();
    expect((await again.ask(get(` ver='4'`))).children).toEqual([]);
    expect((await again.ask(get(` ver='99'`))).child('query', NS.ROSTER)?.children).toHaveLength(1);
  });

  it('without somebody ends what either of the two could see (section 2.5.2)', async () => {
    const world = new XmppWorld();
    const [alice, bob] = [await world.online('alice/page'), await world.online('bob/desk')];
    for (const [from, to] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      await from.write(`<presence to='${to.session.jid.bare}' type='subscribe'/>`);
      await to.write(`<presence to='${from.session.jid.bare}' type='subscribed'/>`);
    }
    bob.take();
    alice.take();
    await alice.ask(set(`<item jid='bob@example.test' subscription='remove'/>`));
    expect(bob.received.map(({ attributes }) => attributes['type']).sort()).toEqual([
      'unavailable',
      'unsubscribe',
      'unsubscribed',
    ]);
    expect((await world.part.subscriptions.contacts('bob')).map(({ subscription }) => subscription)).toEqual(['none']);
  });

  it('is nobody else’s to read or write', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page');
    for (const iq of [get(), set(`<item jid='x@example.test'/>`)])
      expect(await condition(alice, iq.replace('<iq', `<iq to='bob@example.test'`))).toBe('forbidden');
  });

  it('refuses what is not an item, or too much of it', async () => {
    const world = new XmppWorld({ rosterItems: 2, rosterGroups: 2, rosterNameCharacters: 10 });
    const alice = await world.online('alice/page');
    for (const [item, expected] of [
      ['', 'bad-request'],
      [`<item jid='a@example.test'/><item jid='b@example.test'/>`, 'bad-request'],
      [`<item/>`, 'jid-malformed'],
      [`<item jid='alice@example.test'/>`, 'not-allowed'],
      [`<item jid='nobody@example.test' subscription='remove'/>`, 'item-not-found'],
      [`<item jid='a@example.test'><group>a</group><group>a</group></item>`, 'bad-request'],
      [`<item jid='a@example.test'><group/></item>`, 'not-acceptable'],
      [`<item jid='a@example.test'><group>a</group><group>b</group><group>c</group></item>`, 'not-acceptable'],
      [`<item jid='a@example.test' name='a long long name'/>`, 'not-acceptable'],
    ])
      expect(await condition(alice, set(item as string)), item).toBe(expected);
    await alice.ask(set(`<item jid='a@example.test'/>`));
    await alice.ask(set(`<item jid='b@example.test'/>`));
    expect(await condition(alice, set(`<item jid='c@example.test'/>`))).toBe('resource-constraint');
    expect(await condition(alice, set(`<item jid='b@example.test' name='B'/>`))).toBeUndefined();
  });

  it('is empty for a guest, and stays so', async () => {
    const world = new XmppWorld();
    const guest = await world.online('guest.1/page');
    expect((await guest.ask(get())).child('query', NS.ROSTER)?.children).toEqual([]);
    expect(await condition(guest, set(`<item jid='bob@example.test'/>`))).toBe('not-allowed');
  });
});
