import './conversation-view.css';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Avatar } from '../ui/avatar.tsx';
import { Button } from '../ui/button.tsx';
import { CallBanner } from './call-banner.tsx';
import { placeCall } from './calls.ts';
import {
  type ChatMessage,
  conversations,
  isLocal,
  loadEarlier,
  markRead,
  openConversation,
  sendFile,
  sendMessage,
  setTyping,
} from './conversations.ts';
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
  const writing = useRef(false);
  const conversation = conversations.value.get(peer);
  const messages = conversation?.messages ?? [];
  const newest = messages.at(-1)?.id;
  useEffect(() => {
    end.current?.scrollIntoView({ block: 'end' });
    markRead(peer);
  }, [peer, newest]);
  useEffect(() => {
    // Where a keyboard would pop up over half the screen, the person asks for it.
    if (matchMedia('(pointer: fine)').matches) input.current?.focus({ preventScroll: true });
  }, [peer]);

  const send = (): void => {
    const trimmed = text.value.trim();
    if (!trimmed) return;
    text.value = '';
    writing.current = false;
    void sendMessage(peer, trimmed);
  };

  return (
    <div class="thread">
      <div class="thread-scroll">
        {messages.length === 0 && <p class="thread-none">No messages yet.</p>}
        {conversation?.more && messages.length > 0 && (
          <p class="thread-earlier">
            <Button label="Show earlier messages" kind="quiet" onPress={() => void loadEarlier(peer)} />
          </p>
        )}
        <ol class="thread-list" aria-label="Messages">
          {messages.map((message, index) => (
            <Bubble key={message.id} message={message} previous={messages[index - 1]} next={messages[index + 1]} />
          ))}
        </ol>
        <p class="thread-typing" role="status">
          {conversation?.typing ? `${peer} is writing…` : ''}
        </p>
        <div ref={end} />
      </div>
      <form
        class="composer"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        {isLocal(peer) && <Attach peer={peer} />}
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
            const now = text.value !== '';
            if (now !== writing.current) setTyping(peer, now);
            writing.current = now;
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

/** Picks a file and sends it: uploaded to this server, and its address in a message. */
function Attach({ peer }: { peer: string }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        class="visually-hidden"
        type="file"
        tabIndex={-1}
        aria-label={`File for ${peer}`}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = '';
          if (file) void sendFile(peer, file);
        }}
      />
      <Button label="Send a file" icon="attach" iconOnly kind="quiet" onPress={() => input.current?.click()} />
    </>
  );
}

const NOTES: Record<ChatMessage['state'], string> = {
  sending: 'Sending…',
  failed: 'Not delivered',
  sent: '',
  delivered: 'Delivered',
  read: 'Read',
  received: '',
};

function Bubble(props: { message: ChatMessage; previous: ChatMessage | undefined; next: ChatMessage | undefined }) {
  const { message, previous, next } = props;
  const together = belong(previous, message);
  const last = !belong(message, next);
  const mine = message.mine && (last || message.state === 'failed') ? NOTES[message.state] : '';
  const notes = [last ? TIME.format(message.at) : '', message.edited ? 'Edited' : '', mine];
  return (
    <li class="bubble" data-mine={message.mine} data-together={together} data-state={message.state}>
      <p class="bubble-text" data-retracted={message.retracted}>
        <span class="visually-hidden">{message.mine ? 'You: ' : 'They: '}</span>
        <Said message={message} />
      </p>
      {message.reactions.length > 0 && (
        <p class="bubble-reactions">
          {message.reactions.map(([emoji, count]) => (
            <span key={emoji} class="bubble-reaction">
              {emoji} {count > 1 && count}
            </span>
          ))}
        </p>
      )}
      <p class="bubble-note numerals">{notes.filter(Boolean).join(' · ')}</p>
    </li>
  );
}

function Said({ message }: { message: ChatMessage }) {
  const [file] = message.files;
  if (message.retracted) return <>Message deleted</>;
  if (file === undefined) return <>{message.text}</>;
  return (
    <a class="bubble-file" href={file} target="_blank" rel="noreferrer">
      {fileName(file)}
    </a>
  );
}

function fileName(url: string): string {
  const name = URL.parse(url)?.pathname.split('/').at(-1) || url;
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a stranger's URL need not be well-formed
  }
}

/** Shown as one group, with the time once. */
function belong(first: ChatMessage | undefined, second: ChatMessage | undefined): boolean {
  return first !== undefined && first.mine === second?.mine && second.at - first.at < 60_000;
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
