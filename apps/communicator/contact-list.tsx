import './contact-list.css';
import { computed } from '@preact/signals';
import { Avatar } from '../ui/avatar.tsx';
import { Button } from '../ui/button.tsx';
import { placeCall, shownId } from './calls.ts';
import { type Conversation, conversations, openConversation, openPeer } from './conversations.ts';
import { contacts } from './directory.ts';

interface Person {
  name: string;
  /** undefined: not of this server, so not known */
  registered: boolean | undefined;
  conversation: Conversation | undefined;
}

/** Whoever is here first, then by name; people from elsewhere who wrote come after. */
const people = computed<Person[]>(() => {
  const list: Person[] = (contacts.value ?? [])
    .toSorted((a, b) => Number(b.registered) - Number(a.registered) || a.name.localeCompare(b.name))
    .map(({ name, registered }) => ({ name, registered, conversation: conversations.value.get(name) }));
  const known = new Set(list.map(({ name }) => name));
  for (const conversation of conversations.value.values())
    if (!known.has(conversation.peer)) list.push({ name: conversation.peer, registered: undefined, conversation });
  return list;
});

export function ContactList() {
  return (
    <nav class="contacts" aria-label="Contacts">
      <h2 class="contacts-title">Contacts</h2>
      {contacts.value && people.value.length === 0 && (
        <p class="contacts-none">
          Nobody else has an account yet. <code>chappe account add NAME</code> makes one.
        </p>
      )}
      <ul>
        {people.value.map((person) => (
          <ContactRow key={person.name} person={person} />
        ))}
      </ul>
    </nav>
  );
}

function ContactRow({ person }: { person: Person }) {
  const { name, registered, conversation } = person;
  const unread = conversation?.unread ?? 0;
  const last = conversation?.messages.at(-1);
  const presence = registered === undefined ? '' : registered ? 'Available' : 'Offline';
  return (
    <li class="contact" data-open={openPeer.value === name} data-testid={`contact-${name}`}>
      <button
        type="button"
        class="contact-open"
        aria-current={openPeer.value === name ? 'true' : undefined}
        onClick={() => {
          openConversation(name);
          shownId.value = undefined;
        }}
      >
        <Avatar name={name} online={registered} />
        <span class="contact-text">
          <span class="contact-name">{name}</span>
          <span class="contact-line" data-unread={unread > 0}>
            {last && <span class="visually-hidden">{presence}. Last message: </span>}
            {last ? `${last.mine ? 'You: ' : ''}${last.text}` : presence}
          </span>
        </span>
        {unread > 0 && (
          <span class="badge">
            {unread}
            <span class="visually-hidden"> unread</span>
          </span>
        )}
      </button>
      {registered !== false && (
        <span class="contact-actions">
          <Button
            label={`Call ${name}`}
            icon="phone"
            iconOnly
            kind="quiet"
            onPress={() => void placeCall(name, false)}
          />
          <Button
            label={`Video call ${name}`}
            icon="video"
            iconOnly
            kind="quiet"
            onPress={() => void placeCall(name, true)}
          />
        </span>
      )}
    </li>
  );
}
