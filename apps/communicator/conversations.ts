import { computed, signal } from '@preact/signals';
import type { ClientError } from '../../src/client/index.ts';
import type { ChatMessage as Message, Conversation as Thread } from '../../src/client/messaging/index.ts';
import { announce } from '../ui/notices.tsx';
import { peerKey } from './address.ts';
import { messaging } from './messaging.ts';
import { onSession, session } from './session.ts';

/** A message as it is shown. */
export interface ChatMessage {
  id: string;
  text: string;
  at: number;
  mine: boolean;
  /** Of one's own: what became of it. */
  state: Message['status'] | 'received';
  edited: boolean;
  retracted: boolean;
  /** Emoji and how many put it there. */
  reactions: ReadonlyArray<readonly [string, number]>;
  files: readonly string[];
}

export interface Conversation {
  peer: string;
  messages: readonly ChatMessage[];
  unread: number;
  /** The other side is writing. */
  typing: boolean;
  /** There is more in the archive. */
  more: boolean;
}

const MOST_MESSAGES = 500;
const MOST_CONVERSATIONS = 200;
const PAGE = 50;
/** Somebody who stopped without saying so. */
const TYPING_FORGOTTEN = 30_000;

export const conversations = signal<ReadonlyMap<string, Conversation>>(new Map());
/** Whose conversation is open. */
export const openPeer = signal<string | undefined>(undefined);
export const unreadTotal = computed(() => {
  let total = 0;
  for (const { unread } of conversations.value.values()) total += unread;
  return total;
});

const EMPTY = { messages: [], unread: 0, typing: false, more: false };
const threads = new Map<string, Thread>();
/** Whose history has been asked for. */
const begun = new Set<string>();
const typingTimers = new Map<string, ReturnType<typeof setTimeout>>();
/** What was written to numbers and other domains, by SIP: the archive has only what came back. */
const outside = new Map<string, ChatMessage[]>();
let count = 0;

export function openConversation(peer: string | undefined): void {
  openPeer.value = peer;
  if (peer === undefined) return;
  markRead(peer);
  if (isLocal(peer) && !begun.has(peer)) void loadEarlier(peer);
}

export function markRead(peer: string): void {
  const conversation = conversations.peek().get(peer);
  if (!conversation?.unread) return;
  update(peer, { unread: 0 });
  const last = threads.get(peer)?.messages.findLast(({ outgoing }) => !outgoing);
  if (last !== undefined)
    void threads
      .get(peer)
      ?.markRead(last)
      .catch(() => {});
}

/** The page of the history before what is shown. */
export async function loadEarlier(peer: string): Promise<void> {
  const found = thread(peer);
  if (found === undefined) return;
  begun.add(peer);
  await found.loadHistory(PAGE).catch(() => begun.delete(peer));
  show(peer);
}

export async function sendMessage(peer: string, text: string): Promise<void> {
  try {
    const found = isLocal(peer) ? thread(peer) : undefined;
    if (found !== undefined) await found.send(text);
    else await sendOutside(peer, text);
  } catch (error) {
    announce(`Message to ${peer} not delivered: ${(error as ClientError).message}`);
  }
}

export async function sendFile(peer: string, file: File): Promise<void> {
  try {
    await thread(peer)?.sendFile(file);
  } catch (error) {
    announce(`${file.name} was not sent: ${(error as ClientError).message}`);
  }
}

export function setTyping(peer: string, typing: boolean): void {
  if (isLocal(peer)) thread(peer)?.setTyping(typing ? 'composing' : 'paused');
}

/** Numbers and people of other domains are reached by SIP alone. */
export function isLocal(peer: string): boolean {
  return !peer.includes('@') && !/^\+?\d+$/.test(peer);
}

onSession(() => {
  conversations.value = new Map();
  openPeer.value = undefined;
  threads.clear();
  begun.clear();
  outside.clear();
});

messaging.subscribe((current) => {
  if (current === undefined) return;
  current.on('conversation', (conversation) => {
    const peer = peerOf(conversation.address, current.domain);
    threads.set(peer, conversation);
    conversation.on('message', () => show(peer));
  });
  current.on('message', ({ conversation, event }) => {
    const peer = peerOf(conversation.address, current.domain);
    if (event.state !== undefined && !event.outgoing) showTyping(peer, event.state === 'composing');
    if (event.kind !== 'text' || event.outgoing) return;
    update(peer, { unread: (conversations.peek().get(peer)?.unread ?? 0) + 1 });
    if (seen(peer)) markRead(peer);
    announce(`Message from ${peer}: ${event.text}`);
  });
  current.on('state', ({ state }) => {
    if (state === 'online') void current.loadRecent(PAGE * 2).catch(() => {});
  });
});

function seen(peer: string): boolean {
  return openPeer.peek() === peer && document.visibilityState === 'visible';
}

function showTyping(peer: string, typing: boolean): void {
  clearTimeout(typingTimers.get(peer));
  if (conversations.peek().has(peer)) update(peer, { typing });
  if (typing)
    typingTimers.set(
      peer,
      setTimeout(() => showTyping(peer, false), TYPING_FORGOTTEN),
    );
}

function thread(peer: string): Thread | undefined {
  return messaging.peek()?.conversation(peer);
}

function peerOf(address: string, domain: string): string {
  const [user = '', host = ''] = address.split('@');
  return peerKey({ user, host }, domain);
}

function show(peer: string): void {
  const conversation = threads.get(peer);
  const messages = [...(conversation?.messages.map(view) ?? []), ...(outside.get(peer) ?? [])];
  messages.sort((a, b) => a.at - b.at);
  const more = begun.has(peer) && conversation?.complete === false;
  update(peer, { messages: messages.slice(-MOST_MESSAGES), more });
}

function view(message: Message): ChatMessage {
  const counts = new Map<string, number>();
  for (const emoji of message.reactions.values()) for (const one of emoji) counts.set(one, (counts.get(one) ?? 0) + 1);
  return {
    id: message.id,
    text: message.text,
    at: message.time.getTime(),
    mine: message.outgoing,
    state: message.outgoing ? message.status : 'received',
    edited: message.edited,
    retracted: message.retracted,
    reactions: [...counts],
    files: message.files.map(({ url }) => url).filter((url) => /^https?:/.test(url)),
  };
}

async function sendOutside(peer: string, text: string): Promise<void> {
  const id = `outside ${++count}`;
  const message = { id, text, at: Date.now(), mine: true, edited: false, retracted: false, reactions: [], files: [] };
  const become = (state: ChatMessage['state']) => {
    const others = (outside.get(peer) ?? []).filter((other) => other.id !== id);
    outside.set(peer, [...others, { ...message, state }].slice(-MOST_MESSAGES));
    show(peer);
  };
  become('sending');
  try {
    await session.peek()?.client.message(peer, text);
    become('sent');
  } catch (error) {
    become('failed');
    throw error;
  }
}

/** The one with the newest message is in front; strangers cannot open more than a bounded number. */
function update(peer: string, change: Partial<Conversation>): void {
  const before = conversations.peek();
  const changed = { ...EMPTY, ...before.get(peer), ...change, peer };
  const newest = (conversation: Conversation): number => conversation.messages.at(-1)?.at ?? 0;
  const all = [changed, ...[...before.values()].filter((conversation) => conversation.peer !== peer)];
  all.sort((a, b) => newest(b) - newest(a));
  conversations.value = new Map(all.slice(0, MOST_CONVERSATIONS).map((each) => [each.peer, each]));
}
