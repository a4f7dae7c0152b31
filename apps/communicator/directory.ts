import { effect, signal } from '@preact/signals';
import { session } from './session.ts';

export interface Contact {
  name: string;
  registered: boolean;
}

/** The accounts of this server, without the person's own; undefined until the first answer. */
export const contacts = signal<Contact[] | undefined>(undefined);

const INTERVAL = 4000;

/** Asks who is there while somebody is signed in and looks at the page. */
effect(() => {
  const current = session.value;
  contacts.value = undefined;
  if (!current) return;
  let ended = false;
  let timer: ReturnType<typeof setTimeout>;
  const ask = async (): Promise<void> => {
    clearTimeout(timer);
    if (!document.hidden) {
      try {
        const response = await fetch('/api/contacts');
        if (response.ok && !ended) {
          const list = ((await response.json()) as { contacts: Contact[] }).contacts;
          contacts.value = list.filter(({ name }) => name !== current.name);
        }
      } catch {
        // The connection's state is shown by the client; the list stays as it was.
      }
    }
    if (!ended) timer = setTimeout(ask, INTERVAL);
  };
  const onVisible = (): void => {
    if (!document.hidden) void ask();
  };
  document.addEventListener('visibilitychange', onVisible);
  void ask();
  return () => {
    ended = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', onVisible);
  };
});
