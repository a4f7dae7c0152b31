import { expect, test } from 'vitest';
import { type Client, DOMAIN, settled, XmppWorld } from '../../../../test/support/xmpp-world.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';

const PUSH = 'urn:xmpp:push:0';
const service = `carol@${DOMAIN}/push`;
const enable = (jid: string, node = 'n', form = '') =>
  `<iq type='set' id='e'><enable xmlns='${PUSH}' jid='${jid}' node='${node}'>${form}</enable></iq>`;
const disable = (node: string) => `<iq type='set' id='d'><disable xmlns='${PUSH}' jid='${service}'${node}/></iq>`;
const form = `<x xmlns='jabber:x:data' type='submit'><field var='secret'><value>s3</value></field></x>`;

const told = (client: Client) =>
  client.received.filter(({ name, attributes }) => name === 'iq' && attributes['type'] === 'set');

/** Bob has gone, and is to be told by carol's service; alice writes to him. */
async function world() {
  const xmpp = new XmppWorld();
  const push = await xmpp.online('carol/push');
  const bob = await xmpp.online('bob/page');
  expect((await bob.ask(enable(service, 'n', form))).attributes['type']).toBe('result');
  const alice = await xmpp.online('alice/page');
  const write = async () => {
    await alice.write(`<message to='bob@${DOMAIN}' type='chat'><body>secret words</body></message>`);
    await settled();
  };
  const answer = async (id: string | undefined, type = 'result', inside = '') => {
    await push.write(`<iq type='${type}' id='${id}' to='bob@${DOMAIN}'>${inside}</iq>`);
    await settled();
  };
  return { xmpp, push, bob, write, answer };
}

test('a service is told that something waits, not what or from whom', async () => {
  const { push, bob, write } = await world();
  await write();
  expect(told(push)).toEqual([]); // he is here
  bob.close();
  await write();
  const [iq] = told(push);
  expect(iq?.attributes['from']).toBe(`bob@${DOMAIN}`);
  const pubsub = iq?.child('pubsub', NS.PUBSUB);
  expect(pubsub?.child('publish')?.attributes['node']).toBe('n');
  expect(pubsub?.child('publish')?.child('item')?.child('notification', PUSH)).toBeDefined();
  expect(pubsub?.child('publish-options')?.serialize()).toContain('s3');
  expect(iq?.serialize()).not.toMatch(/alice|words/);
});

test('a service that has not answered yet is told once more for all that came meanwhile', async () => {
  const { push, bob, write, answer } = await world();
  bob.close();
  for (let i = 0; i < 5; i++) await write();
  expect(told(push)).toHaveLength(1);
  await answer(told(push)[0]?.attributes['id']);
  expect(told(push)).toHaveLength(2);
  await answer(told(push)[1]?.attributes['id']);
  expect(told(push)).toHaveLength(2);
});

test('a service that will not have it is told no more; one that is silent is', async () => {
  const { xmpp, push, bob, write, answer } = await world();
  bob.close();
  await write();
  await xmpp.clock.advance(31_000);
  await settled();
  await write();
  expect(told(push)).toHaveLength(2);
  const error = `<error type='cancel'><item-not-found xmlns='${NS.STANZAS}'/></error>`;
  await answer(told(push)[1]?.attributes['id'], 'error', error);
  await write();
  expect(told(push)).toHaveLength(2);
  expect(xmpp.faults).toEqual([]);
});

test('a service is told no more once that is asked for: one node, or all', async () => {
  for (const node of [` node='n'`, '']) {
    const { push, bob, write } = await world();
    await bob.ask(disable(` node='other'`));
    await bob.ask(disable(node));
    bob.close();
    await write();
    expect(told(push)).toEqual([]);
  }
});

test('services elsewhere, and what is no service, are refused; their number is bounded', async () => {
  const { bob } = await world();
  const refused = async (jid: string) => (await bob.ask(enable(jid))).child('error')?.elements()[0]?.name;
  expect(await refused('push.elsewhere.test')).toBe('remote-server-not-found');
  expect(await refused(`carol@${DOMAIN}`)).toBe('item-not-found');
  expect(await refused('@')).toBe('bad-request');
  const large = await bob.ask(enable(service, 'x'.repeat(5_000)));
  expect(large.attributes['type']).toBe('error');
  for (let i = 1; i < 10; i++) expect((await bob.ask(enable(service, `n${i}`))).attributes['type']).toBe('result');
  expect((await bob.ask(enable(service, 'one more'))).attributes['type']).toBe('error');
  expect((await bob.ask(enable(service, 'n5'))).attributes['type']).toBe('result');
});
