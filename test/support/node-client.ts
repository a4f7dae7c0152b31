// The SDK in Node, signed in as a native program does it: with a session, whose cookie it carries itself.
import { Client, type Credentials, type WebSocketConstructor } from '../../src/client/index.ts';
import type { Chappe } from './chappe.ts';

/** Resolves once it is registered. */
export async function nodeClient(chappe: Chappe, name: string, Socket?: typeof WebSocket): Promise<Client> {
  const { web } = chappe.ready;
  const session = await fetch(`${web}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: web },
    body: JSON.stringify({ name, password: `${name}-password` }),
  });
  const cookie = session.headers.getSetCookie().join('; ');
  const client = new Client({
    credentials: async () => {
      const answer = await fetch(`${web}/api/credentials`, { method: 'POST', headers: { origin: web, cookie } });
      return (await answer.json()) as Credentials;
    },
    ...(Socket === undefined ? {} : { WebSocket: Socket as unknown as WebSocketConstructor }),
  });
  const registered = new Promise<void>((resolve) => {
    client.on('state', ({ state }) => state === 'registered' && resolve());
  });
  client.connect();
  await registered;
  return client;
}
