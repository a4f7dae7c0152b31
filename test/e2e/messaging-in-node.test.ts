// The SDK's messaging (chappe/client/messaging) against the running server, in Node.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChatMessage, Conversation, Messaging } from '../../src/client/messaging/index.ts';
import { Messaging as Client } from '../../src/client/messaging/index.ts';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { cuttable } from '../support/cuttable.ts';
import { credentialsOf, messagingOf, within } from '../support/messaging.ts';
import { onEachStore, type TestStore } from '../support/stores.ts';

const PATIENCE = 20_000;

onEachStore([], 'messaging', (openStore) => {
  let store: TestStore;
  let chappe: Chappe;
  let alice: Messaging;
  let bob: Messaging;
  const clients: Messaging[] = [];

  async function open(name: string): Promise<Messaging> {
    const messaging = await messagingOf(chappe, name);
    clients.push(messaging);
    return messaging;
  }

  /** The message of that conversation, once it is as wanted. */
  function seen(conversation: Conversation, is: (message: ChatMessage) => boolean): Promise<ChatMessage> {
    return within(PATIENCE, `a message with ${conversation.address}`, (resolve) => {
      const known = conversation.messages.find(is);
      if (known) resolve(known);
      conversation.on('message', (message) => is(message) && resolve(message));
    });
  }

  const texts = (conversation: Conversation) => conversation.messages.map(({ text }) => text);

  beforeAll(async () => {
    store = await openStore();
    chappe = await startChappe(store.fresh());
    alice = await open('alice');
    bob = await open('bob');
  });

  afterAll(async () => {
    await Promise.all(clients.map((client) => client.disconnect()));
    await chappe?.stop();
    await store?.remove();
  });

  test('a contact who is asked and agrees is seen by both', async () => {
    const asked = within<string>(PATIENCE, 'a request', (resolve) =>
      bob.roster.once('request', ({ address }) => resolve(address)),
    );
    await alice.roster.add('bob', 'Bob', ['friends']);
    expect(await asked).toBe('alice@example.test');
    alice.roster.on('request', ({ address }) => void alice.roster.approve(address));
    await bob.roster.approve('alice');
    await bob.setPresence('away', 'at lunch');
    await expect
      .poll(() => alice.roster.contact('bob'), { timeout: PATIENCE })
      .toMatchObject({ name: 'Bob', subscription: 'both', presence: { show: 'away', status: 'at lunch' } });
    await expect
      .poll(() => bob.roster.contact('alice')?.presence, { timeout: PATIENCE })
      .toMatchObject({ show: 'available' });
  });

  test('a message is sent, delivered and read; it is corrected, answered with an emoji, and taken back', async () => {
    const [toBob, toAlice] = [alice.conversation('bob'), bob.conversation('alice')];
    const sent = await toBob.send('Grüße 👋');
    const received = await seen(toAlice, ({ text }) => text === 'Grüße 👋');
    await seen(toBob, ({ status }) => status === 'delivered');
    await toAlice.markRead(received);
    await seen(toBob, ({ status }) => status === 'read');
    await toBob.correct(sent, 'Grüße 🎉');
    await seen(toAlice, ({ text, edited }) => edited && text === 'Grüße 🎉');
    await toAlice.react(received, ['👍']);
    await seen(toBob, ({ reactions }) => reactions.get('bob@example.test')?.[0] === '👍');
    await toBob.retract(sent);
    await seen(toAlice, ({ retracted }) => retracted);
  });

  test('what one device sends and receives, another of the same account sees, now and in the archive', async () => {
    const phone = await open('alice');
    const onPhone = phone.conversation('bob');
    await alice.conversation('bob').send('from the desk');
    await seen(onPhone, ({ text, outgoing }) => outgoing && text === 'from the desk');
    await bob.conversation('alice').send('for both');
    await seen(onPhone, ({ text, outgoing }) => !outgoing && text === 'for both');
    const later = await open('alice');
    await later.loadRecent();
    expect(texts(later.conversation('bob')).slice(-2)).toEqual(['from the desk', 'for both']);
  });

  test('a history is read in pages, each message once, to its beginning', async () => {
    const sent = Array.from({ length: 25 }, (_, i) => `number ${i + 1}`);
    const conversation = alice.conversation('carol');
    for (const text of sent) await conversation.send(text);
    const carol = await open('carol');
    const read = carol.conversation('alice');
    while (!read.complete) await read.loadHistory(10);
    expect(texts(read)).toEqual(sent);
  });

  test('in a room each message is there once, for whoever comes later too', async () => {
    const [here, there] = [alice.room('team'), bob.room('team')];
    await here.join('Alice');
    await there.join('Bob');
    await expect.poll(() => here.occupants.map(({ nickname }) => nickname).sort()).toEqual(['Alice', 'Bob']);
    await here.send('hello, all');
    await seen(there, ({ text, outgoing }) => !outgoing && text === 'hello, all');
    await seen(here, ({ text, archiveId }) => text === 'hello, all' && archiveId !== undefined);
    const late = (await open('carol')).room('team');
    await late.join('Carol');
    await seen(late, ({ text }) => text === 'hello, all');
    expect(texts(here)).toEqual(['hello, all']);
    await there.leave();
    await expect.poll(() => here.occupants.map(({ nickname }) => nickname).sort()).toEqual(['Alice', 'Carol']);
  });

  test('a file is uploaded and its address sent', async () => {
    const file = Object.assign(new Blob(['a telegram'], { type: 'text/plain' }), { name: 'telegram.txt' });
    await alice.conversation('bob').sendFile(file);
    const { files } = await seen(bob.conversation('alice'), ({ files }) => files.length > 0);
    const answer = await fetch(files[0]!.url);
    expect(await answer.text()).toBe('a telegram');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('what is written while the connection is cut arrives once, after it is resumed', async () => {
    const way = await cuttable(Number(new URL(chappe.ready.web).port));
    const dave = new Client({
      credentials: async () => ({ ...(await credentialsOf(chappe, 'dave')()), ws: `ws://127.0.0.1:${way.port}` }),
    });
    clients.push(dave);
    await within(PATIENCE, 'online', (resolve) => {
      dave.roster.once('change', () => resolve());
      dave.connect();
    });
    const lost = within(PATIENCE, 'lost', (resolve) =>
      dave.on('state', ({ state }) => state === 'connecting' && resolve(undefined)),
    );
    way.cut();
    await bob.conversation('dave').send('are you there?');
    await lost;
    way.mend();
    await seen(dave.conversation('bob'), ({ text }) => text === 'are you there?');
    await dave.conversation('bob').send('I am');
    await seen(bob.conversation('dave'), ({ text }) => text === 'I am');
    expect(texts(dave.conversation('bob'))).toEqual(['are you there?', 'I am']);
    way.close();
  });
});
