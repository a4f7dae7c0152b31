import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { type MessageSession, MessageSessions, type SessionMessage } from '../../src/client/message-session.ts';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { nodeClient } from '../support/node-client.ts';

let chappe: Chappe;
let clients: Client[] = [];

beforeAll(async () => {
  chappe = await startChappe();
  clients = await Promise.all([nodeClient(chappe, 'alice'), nodeClient(chappe, 'bob')]);
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.disconnect()));
  await chappe?.stop();
});

const next = <Payload>(session: MessageSession, event: 'message' | 'composing' | 'disposition' | 'ended') =>
  new Promise<Payload>((resolve) => session.once(event, (payload) => resolve(payload as Payload)));

test('a chat by MSRP: text both ways, typing, delivered and displayed, and its end', async () => {
  const [alice, bob] = clients.map((client) => new MessageSessions(client)) as [MessageSessions, MessageSessions];
  const incoming = new Promise<MessageSession>((resolve) => bob.once('session', resolve));
  const session = await alice.open('bob');
  const other = await incoming;
  expect(other.remote.user).toBe('alice');

  const composing = next<boolean>(other, 'composing');
  session.typing();
  expect(await composing).toBe(true);

  const message = next<SessionMessage>(other, 'message');
  const delivered = next<{ id: string; status: string }>(session, 'disposition');
  const idle = next<boolean>(other, 'composing');
  const id = await session.send('Grüße 👋 <&>');
  expect(await message).toMatchObject({ id, text: 'Grüße 👋 <&>', wantsDisplayed: true });
  expect(await idle).toBe(false);
  expect(await delivered).toEqual({ id, status: 'delivered' });
  const displayed = next<{ id: string; status: string }>(session, 'disposition');
  other.displayed(await message);
  expect(await displayed).toEqual({ id, status: 'displayed' });

  const back = next<SessionMessage>(session, 'message');
  await other.send('x'.repeat(50_000));
  expect((await back).text.length).toBe(50_000);
  await expect(session.send('y'.repeat(400_000))).rejects.toMatchObject({ code: 'REJECTED', status: 413 });

  const ended = next(other, 'ended');
  session.close();
  await ended;
  await expect(other.send('too late')).rejects.toMatchObject({ code: 'WRONG_STATE' });
});

test('whoever is not there cannot be chatted with', async () => {
  const sessions = new MessageSessions(clients[0] as Client);
  await expect(sessions.open('nobody')).rejects.toMatchObject({ code: 'REJECTED', status: 404 });
});
