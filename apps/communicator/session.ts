import { signal } from '@preact/signals';
import {
  accountName,
  Client,
  type ClientError,
  type ClientState,
  type Credentials,
  fetchCredentials,
} from '../../src/client/index.ts';
import { notify } from '../ui/notices.tsx';
import { openWebSession } from '../ui/web-session.ts';

/** Who is signed in here, and the connection that goes with it. */
export interface Session {
  name: string;
  domain: string;
  client: Client;
}

/** `undefined`: not known yet; `null`: signed out. */
export const session = signal<Session | null | undefined>(undefined);
export const connection = signal<ClientState>('disconnected');

const listeners: Array<(session: Session) => void> = [];

/** Calls, messages and contacts attach themselves to each new session here, before its first event. */
export function onSession(listener: (session: Session) => void): void {
  listeners.push(listener);
}

/** On load: the cookie of an earlier sign-in may still be good. */
export async function resume(): Promise<void> {
  try {
    start(await fetchCredentials()());
  } catch {
    session.value = null;
  }
}

/** Why it failed, for the person; undefined when it worked. */
export async function signIn(name: string, password: string): Promise<string | undefined> {
  const refused = await openWebSession(name, password);
  if (refused !== undefined) return refused;
  try {
    start(await fetchCredentials()());
    return undefined;
  } catch {
    return 'The server cannot be reached.';
  }
}

export async function signOut(): Promise<void> {
  const current = session.value;
  session.value = null;
  connection.value = 'disconnected';
  await current?.client.disconnect();
  await fetch('/api/session', { method: 'DELETE' }).catch(() => {});
}

function start(first: Credentials): void {
  const fresh = fetchCredentials();
  let next: Credentials | undefined = first;
  const client = new Client({
    messages: false, // they come by XMPP: messaging.ts
    // The credential that proved the session is used for the first connection; later ones are asked for.
    credentials: async () => {
      const credentials = next ?? (await fresh());
      next = undefined;
      return credentials;
    },
  });
  client.on('state', ({ state }) => {
    connection.value = state;
  });
  client.on('error', (error: ClientError) => {
    if (error.code === 'CREDENTIALS_REFUSED') {
      notify('Your session has ended. Please sign in again.');
      session.value = null;
    }
  });
  const started = { name: accountName(first), domain: first.domain, client };
  for (const listener of listeners) listener(started);
  session.value = started;
  client.connect();
}

// A page that goes away says so: its registration ends now and not when its time is over.
addEventListener('pagehide', () => void session.peek()?.client.disconnect());

// ... and one that comes back from the browser's page cache starts anew.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});
