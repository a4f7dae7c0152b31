// Accounts of a running server on the SDK's messaging, in Node.
import type { Credentials } from '../../src/client/credentials.ts';
import { Messaging } from '../../src/client/messaging/index.ts';
import type { Chappe } from './chappe.ts';

const PATIENCE = 20_000;

/** A credential as a native program gets one: by a session, whose cookie it carries itself. */
export function credentialsOf(chappe: Chappe, name: string): () => Promise<Credentials> {
  const { web } = chappe.ready;
  return async () => {
    const session = await fetch(`${web}/api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: web },
      body: JSON.stringify({ name, password: `${name}-password` }),
    });
    const cookie = session.headers.getSetCookie().join('; ');
    const answer = await fetch(`${web}/api/credentials`, { method: 'POST', headers: { origin: web, cookie } });
    return (await answer.json()) as Credentials;
  };
}

/** Resolves when it is online and its contacts have come. */
export async function messagingOf(chappe: Chappe, name: string): Promise<Messaging> {
  const messaging = new Messaging({ credentials: credentialsOf(chappe, name) });
  const ready = within(PATIENCE, `${name} is online`, (resolve) => messaging.roster.once('change', () => resolve()));
  messaging.connect();
  await ready;
  return messaging;
}

/** A promise with a bound. */
export function within<T = void>(ms: number, what: string, begin: (resolve: (value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
    begin((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}
