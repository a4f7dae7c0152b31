import { signal } from '@preact/signals';
import { fetchCredentials } from '../../src/client/index.ts';
import type { Messaging } from '../../src/client/messaging/index.ts';
import { onSession, session } from './session.ts';

/** Messages and contacts of whoever is signed in. Loaded after what calls need, so that the page is there at once. */
export const messaging = signal<Messaging | undefined>(undefined);

onSession((started) => {
  void messaging.peek()?.disconnect();
  messaging.value = undefined;
  void import('../../src/client/messaging/index.ts').then(({ Messaging }) => {
    if (session.peek() !== started) return;
    const current = new Messaging({ credentials: fetchCredentials() });
    messaging.value = current;
    current.connect();
  });
});

session.subscribe((current) => {
  if (current === null) {
    void messaging.peek()?.disconnect();
    messaging.value = undefined;
  }
});

addEventListener('pagehide', () => void messaging.peek()?.disconnect());

document.addEventListener('visibilitychange', () => messaging.peek()?.setActive(!document.hidden));
