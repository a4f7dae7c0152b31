import { computed, signal } from '@preact/signals';
import type { ClientError } from '../../src/client/index.ts';
import { announce } from '../ui/notices.tsx';
import { peerKey } from './address.ts';
import { onSession, session } from './session.ts';

export interface ChatMessage {
  id: number;
  text: string;
  at: number;
  mine: boolean;
  /** Of one's own: what became of it. */
  state: 'sending' | 'sent' | 'failed' | 'received';
}

export interface Conversation {
  peer: string;
  messages: ChatMessage[];
  unread: number;
}

/** Messages are kept for as long as the page is open. */
const MOST_MESSAGES = 500;
const MOST_CONVERSATIONS = 200;

export const conversations = signal<ReadonlyMap<string, Conversation>>(new Map());
/** Whose conversation is open. */
export const openPeer = signal<string | undefined>(undefined);
export const unreadTotal = computed(() => {
  let total = 0;
  for (const { unread } of conversations.value.values()) total += unread;
  return total;
});

let count = 0;

export function openConversation(peer: string | undefined): void {
  openPeer.value = peer;
  if (peer) markRead(peer);
}

export function markRead(peer: string): void {
  const conversation = conversations.peek().get(peer);
  if (conversation?.unread) update(peer, () => ({ ...conversation, unread: 0 }));
}

export async function sendMessage(peer: string, text: string): Promise<void> {
  const current = session.value;
  if (!current) return;
  const id = add(peer, { text, mine: true, state: 'sending' }, false);
  try {
    await current.client.message(peer, text);
    settle(peer, id, 'sent');
  } catch (error) {
    settle(peer, id, 'failed');
    announce(`Message to ${peer} not delivered: ${(error as ClientError).message}`);
  }
}

onSession(({ client, domain }) => {
  conversations.value = new Map();
  openPeer.value = undefined;
  client.on('message', (message) => {
    if (!message.contentType.startsWith('text/')) return;
    const peer = peerKey(message.from, domain);
    const seen = openPeer.peek() === peer && document.visibilityState === 'visible';
    add(peer, { text: message.text, mine: false, state: 'received' }, !seen);
    announce(`Message from ${message.from.name}: ${message.text}`);
  });
});

function add(peer: string, message: Pick<ChatMessage, 'text' | 'mine' | 'state'>, unread: boolean): number {
  const id = ++count;
  update(peer, (conversation) => ({
    peer,
    messages: [...(conversation?.messages ?? []), { id, at: Date.now(), ...message }].slice(-MOST_MESSAGES),
    unread: (conversation?.unread ?? 0) + (unread ? 1 : 0),
  }));
  return id;
}

function settle(peer: string, id: number, state: ChatMessage['state']): void {
  update(peer, (conversation) => ({
    peer,
    unread: conversation?.unread ?? 0,
    messages: (conversation?.messages ?? []).map((message) => (message.id === id ? { ...message, state } : message)),
  }));
}

/** The changed conversation goes to the front; strangers cannot open more than a bounded number. */
function update(peer: string, change: (conversation: Conversation | undefined) => Conversation): void {
  const before = conversations.peek();
  const after = new Map([[peer, change(before.get(peer))]]);
  for (const [key, conversation] of before)
    if (key !== peer && after.size < MOST_CONVERSATIONS) after.set(key, conversation);
  conversations.value = after;
}
