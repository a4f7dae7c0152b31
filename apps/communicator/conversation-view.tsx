import './conversation-view.css';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Avatar } from '../ui/avatar.tsx';
import { Button } from '../ui/button.tsx';
import { CallBanner } from './call-banner.tsx';
import { placeCall } from './calls.ts';
import { type ChatMessage, conversations, markRead, openConversation, sendMessage } from './conversations.ts';
import { contacts } from './directory.ts';

export function ConversationView({ peer }: { peer: string }) {
  const contact = contacts.value?.find(({ name }) => name === peer);
  return (
    <section class="conversation" aria-label={`Conversation with ${peer}`}>
      <header class="conversation-head">
        <Button
          class="conversation-back"
          label="Back to contacts"
          icon="back"
          iconOnly
          kind="quiet"
          onPress={() => openConversation(undefined)}
        />
        <Avatar name={peer} online={contact?.registered} />
        <div class="conversation-title">
          <h2>{peer}</h2>
          {contact && <p>{contact.registered ? 'Available' : 'Offline'}</p>}
        </div>
        <Button label={`Call ${peer}`} icon="phone" iconOnly onPress={() => void placeCall(peer, false)} />
        <Button label={`Video call ${peer}`} icon="video" iconOnly onPress={() => void placeCall(peer, true)} />
      </header>
      <CallBanner />
      <Thread peer={peer} />
    </section>
  );
}

/** The messages with one person and the place to write: by itself, or beside a call. */
export function Thread({ peer }: { peer: string }) {
  const text = useSignal('');
  const end = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLTextAreaElement>(null);
  const conversation = conversations.value.get(peer);
  const messages = conversation?.messages ?? [];
  useEffect(() => {
    end.current?.scrollIntoView({ block: 'end' });
    markRead(peer);
  }, [peer, messages.length]);
  useEffect(() => {
    // Where a keyboard would pop up over half the screen, the person asks for it.
    if (matchMedia('(pointer: fine)').matches) input.current?.focus({ preventScroll: true });
  }, [peer]);

  const send = (): void => {
    const trimmed = text.value.trim();
    if (!trimmed) return;
    text.value = '';
    void sendMessage(peer, trimmed);
  };

  return (
    <div class="thread">
      <div class="thread-scroll">
        {messages.length === 0 && <p class="thread-none">No messages yet. They are kept while this page is open.</p>}
        <ol class="thread-list" aria-label="Messages">
          {messages.map((message, index) => (
            <Bubble key={message.id} message={message} previous={messages[index - 1]} next={messages[index + 1]} />
          ))}
        </ol>
        <div ref={end} />
      </div>
      <form
        class="composer"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <textarea
          ref={input}
          class="composer-text"
          rows={1}
          aria-label={`Message to ${peer}`}
          placeholder="Write a message"
          maxLength={4000}
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        <Button label="Send" icon="send" iconOnly kind="primary" type="submit" disabled={text.value.trim() === ''} />
      </form>
    </div>
  );
}

function Bubble(props: { message: ChatMessage; previous: ChatMessage | undefined; next: ChatMessage | undefined }) {
  const { message, previous, next } = props;
  const together = belong(previous, message);
  const notes = { sending: 'Sending…', failed: 'Not delivered', sent: '', received: '' };
  return (
    <li class="bubble" data-mine={message.mine} data-together={together} data-state={message.state}>
      <p class="bubble-text">
        <span class="visually-hidden">{message.mine ? 'You: ' : 'They: '}</span>
        {message.text}
      </p>
      <p class="bubble-note numerals">
        {notes[message.state] || (belong(message, next) ? '' : TIME.format(message.at))}
      </p>
    </li>
  );
}

/** Shown as one group, with the time once. */
function belong(first: ChatMessage | undefined, second: ChatMessage | undefined): boolean {
  return first !== undefined && first.mine === second?.mine && second.at - first.at < 60_000;
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
