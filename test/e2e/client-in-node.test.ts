import { afterAll, beforeAll, expect, test } from 'vitest';
import { Client, type ClientError, type Credentials, type IncomingMessage } from '../../src/client/index.ts';
import { type Chappe, startChappe } from '../support/chappe.ts';

let chappe: Chappe;
const clients: Client[] = [];

beforeAll(async () => {
  chappe = await startChappe();
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.disconnect()));
  await chappe?.stop();
});

/** Signs in as a native program does: with a session, whose cookie it carries itself. */
async function connect(name: string): Promise<Client> {
  const { web } = chappe.ready;
  const json = { 'content-type': 'application/json', origin: web };
  const session = await fetch(`${web}/api/session`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ name, password: `${name}-password` }),
  });
  const cookie = session.headers.getSetCookie().join('; ');
  const client = new Client({
    credentials: async () => {
      const answer = await fetch(`${web}/api/credentials`, { method: 'POST', headers: { origin: web, cookie } });
      return (await answer.json()) as Credentials;
    },
  });
  clients.push(client);
  const registered = new Promise<void>((resolve) => {
    client.on('state', ({ state }) => state === 'registered' && resolve());
  });
  client.connect();
  await registered;
  return client;
}

test("the client runs in Node on the platform's own WebSocket: it registers and exchanges messages", async () => {
  const alice = await connect('alice');
  const bob = await connect('bob');
  const received = new Promise<IncomingMessage>((resolve) => bob.once('message', resolve));
  await alice.message('bob', 'Grüße 👋');
  expect(await received).toMatchObject({ text: 'Grüße 👋', from: { user: 'alice', host: 'example.test' } });
  const failure = await alice.message('nobody', 'hello').catch((error: ClientError) => error);
  expect(failure).toMatchObject({ code: 'REJECTED', status: 404 });
});

test('a call without media ends here with NO_MEDIA, and one that comes in can be refused', async () => {
  const [alice, bob] = clients as [Client, Client];
  const ended = new Promise((resolve) => alice.call('bob').on('ended', resolve));
  expect(await ended).toMatchObject({ by: 'local', error: { code: 'NO_MEDIA' } });
  expect(bob.calls).toEqual([]);
});
